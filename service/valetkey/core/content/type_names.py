"""Names of content types, as data: the names that systems, browsers and programs use for a format, and text types.

Sources: IANA's registry, shared-mime-info, mime-db, Chromium's and Firefox's own tables.
"""

from collections.abc import Mapping


def _parse_table(text: str, *, names_only: bool = False) -> Mapping[str, tuple[str, ...]]:
    """Parses lines of "head: name name | look-alike"; an indented line continues the one before. ``names_only`` leaves
    out the look-alikes."""
    lines = text.strip().replace("\n    ", " ").splitlines()
    parted = ((head, all_of.partition("|")) for head, _, all_of in (line.partition(": ") for line in lines))
    return {head: tuple((names if names_only else names + others).split()) for head, (names, _, others) in parted}


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_FORMATS = """
image/jpeg: image/jpg image/pjpeg image/jfif | image/mpo image/jps
image/png: image/x-png | image/apng image/vnd.mozilla.apng
image/bmp: image/x-ms-bmp image/x-bmp image/x-windows-bmp image/dib image/x-dib application/bmp
image/x-icon: image/vnd.microsoft.icon image/ico image/icon image/x-win-bitmap application/ico text/ico
image/x-icns: image/icns
image/svg+xml: image/svg image/svg-xml application/svg+xml | image/svg+xml-compressed
image/tiff: image/tif image/x-tif image/x-tiff application/tiff | image/tiff-fx
image/x-raw: image/x-dcraw image/raw
image/heic: image/heif | image/heic-sequence image/heif-sequence image/hej2k image/avci image/avcs
image/avif: | image/avif-sequence
image/jp2: image/x-jp2 image/jpeg2000 image/jpeg2000-image image/x-jpeg2000-image | image/jpx image/jpm image/j2k
    image/jpc image/jph image/jphc image/x-jp2-codestream
image/jxl: image/x-jxl
image/vnd.ms-photo: image/jxr
image/vnd.adobe.photoshop: image/psd image/x-psd image/photoshop image/x-photoshop application/photoshop
    application/psd application/x-photoshop zz-application/zz-winassoc-psd
image/wmf: image/x-wmf application/x-wmf application/x-msmetafile windows/metafile
image/emf: image/x-emf application/emf application/x-emf
image/vnd.djvu: image/djvu image/x-djvu image/vnd.djvu+multipage
image/vnd.dwg: image/dwg image/x-dwg application/acad application/x-acad application/autocad_dwg application/dwg
    application/x-dwg application/x-autocad drawing/dwg
image/vnd.ms-dds: image/x-dds image/dds
image/x-exr: image/exr | image/aces
audio/mpeg: audio/mp3 audio/x-mp3 audio/mpeg3 audio/x-mpeg-3 audio/x-mpeg audio/mpg audio/x-mpg | audio/mpa
    audio/mp2
audio/wav: audio/x-wav audio/wave audio/vnd.wave audio/x-pn-wav audio/x-wave | audio/bwf audio/x-bwf audio/rf64
audio/flac: audio/x-flac application/flac
audio/aac: audio/x-aac audio/aacp audio/x-hx-aac-adts audio/vnd.dlna.adts | audio/x-hx-aac-adif
audio/amr: audio/x-amr | audio/amr-wb
audio/midi: audio/mid audio/x-midi audio/x-mid application/x-midi audio/sp-midi music/midi
audio/aiff: audio/x-aiff sound/aiff audio/x-pn-aiff
audio/basic: audio/au audio/x-au audio/snd
audio/x-caf: audio/caf
audio/ape: audio/x-ape audio/x-monkeys-audio application/x-ape
audio/x-wavpack: audio/wavpack
audio/dsf: audio/x-dsf | audio/dsd audio/x-dsd
audio/ac3: audio/x-ac3 audio/vnd.dolby.dd-raw | audio/eac3
video/mp4: application/mp4 application/x-mp4 | video/quicktime video/x-quicktime video/x-m4v video/m4v video/3gpp
    video/3gpp2 video/3gp video/x-f4v video/mp4v-es video/mj2 video/hevc image/mov audio/mp4 audio/m4a
    audio/x-m4a audio/x-m4b audio/x-m4p audio/x-m4r audio/3gpp audio/3gpp2 audio/mp4a-latm audio/alac
    audio/vnd.audible.aax
video/x-msvideo: video/avi video/msvideo video/x-avi video/vnd.avi application/x-troff-msvideo
video/x-matroska: video/matroska video/mkv video/x-mkv application/x-matroska | video/webm audio/webm
    audio/x-matroska audio/matroska
application/ogg: application/x-ogg | audio/ogg video/ogg audio/opus audio/x-opus audio/vorbis audio/x-vorbis
    audio/speex audio/x-speex video/x-theora video/x-ogm audio/x-ogg video/x-ogg
video/x-ms-asf: application/vnd.ms-asf video/x-ms-asf-plugin | video/x-ms-wmv audio/x-ms-wma video/x-ms-wm
    audio/wma audio/x-ms-asx audio/x-ms-wax video/x-ms-asx video/x-ms-wvx video/x-ms-wmx application/asx
video/x-flv: video/flv application/x-flash-video
video/mpeg: video/mpg video/x-mpeg video/x-mpg | video/mpeg2 video/mp1s video/mp2p video/x-ms-vob video/dvd
video/mp2t: video/vnd.dlna.mpeg-tts video/x-mts video/m2ts video/mts video/x-m2ts | video/avchd-stream
application/vnd.rn-realmedia: | audio/x-pn-realaudio audio/vnd.rn-realaudio video/vnd.rn-realvideo
    application/vnd.rn-realmedia-vbr
application/pdf: application/x-pdf application/acrobat application/vnd.pdf text/pdf text/x-pdf
application/rtf: text/rtf application/x-rtf | text/richtext
application/postscript: application/x-postscript | application/illustrator application/vnd.adobe.illustrator
    application/eps application/x-eps image/eps image/x-eps
application/zip: application/x-zip-compressed application/x-zip multipart/x-zip application/zip-compressed |
    application/java-archive application/x-java-archive application/x-jar application/x-shapefile
    application/msix application/vnd.android.package-archive application/vnd.apple.pages
    application/vnd.apple.numbers application/vnd.apple.keynote
    application/x-iwork-pages-sffpages application/x-iwork-numbers-sffnumbers application/x-iwork-keynote-sffkey
    application/vnd.google-earth.kmz application/x-kmz application/vnd.ms-xpsdocument application/oxps
    application/vnd.sketch application/x-xpinstall application/vnd.comicbook+zip application/x-cbz
    application/epub model/3mf application/vnd.ms-package.3dmanufacturing-3dmodel+xml model/vnd.usdz+zip
    application/x-wheel+zip
application/gzip: application/x-gzip application/gzip-compressed application/gzipped application/x-gunzip |
    application/x-tgz application/x-compressed-tar application/x-gtar application/x-gtar-compressed
    application/tar+gzip
application/x-bzip2: application/bzip2 application/x-bzip application/bzip application/x-bz2 |
    application/x-bzip-compressed-tar application/x-bzip2-compressed-tar
application/x-xz: application/xz | application/x-xz-compressed-tar
application/zstd: application/x-zstd | application/x-zstd-compressed-tar
application/x-lz4: application/lz4
application/vnd.rar: application/x-rar-compressed application/x-rar application/rar | application/x-cbr
    application/vnd.comicbook-rar
application/x-7z-compressed: application/x-7z application/7z application/x-7zip | application/x-cb7
application/x-tar: application/tar application/x-ustar application/x-gnu-tar | application/x-cbt
application/x-ole-storage: | application/msword application/doc application/vnd.msword application/winword
    application/x-msword application/msexcel application/x-msexcel application/x-excel application/excel
    application/x-dos_ms_excel application/xls application/x-xls application/mspowerpoint application/powerpoint
    application/x-mspowerpoint application/ppt application/vnd.ms-outlook application/x-msi
    application/x-ms-installer application/vnd.ms-project application/msproject application/vnd.ms-publisher
    application/x-mspublisher application/vnd.ms-works application/x-hwp application/haansofthwp
application/x-msdownload: | application/x-dosexec application/vnd.microsoft.portable-executable
    application/x-msdos-program application/x-ms-dos-executable application/efi application/exe application/x-exe
    application/x-winexe application/dos-exe
application/x-shockwave-flash: application/vnd.adobe.flash.movie application/futuresplash
application/x-executable: | application/vnd.appimage application/x-iso9660-appimage application/x-mach-binary
    application/x-mach-o application/x-elf
    application/x-sharedlib application/x-pie-executable application/java-vm application/java application/x-java
    application/x-ms-shortcut application/vnd.android.dex application/x-object
application/xml: text/xml application/x-xml
text/javascript: application/javascript application/x-javascript application/ecmascript
application/vnd.sqlite3: application/x-sqlite3 application/sqlite3 application/x-sqlite application/sqlite
application/vnd.apache.parquet: application/parquet application/x-parquet
application/vnd.apache.arrow.file: application/x-arrow application/vnd.apache.arrow | application/x-feather
application/x-hdf5: application/hdf5 application/vnd.hdfgroup.hdf5 application/hdf+5 | application/x-hdf
    application/hdf
application/dicom: image/dicom image/x-dicom application/x-dicom
font/woff: application/font-woff application/x-font-woff application/x-woff
font/woff2: application/font-woff2 application/x-font-woff2
font/otf: application/x-font-otf application/x-font-opentype application/vnd.ms-opentype font/opentype
font/ttf: application/x-font-ttf application/x-font-truetype application/x-font-sfnt application/font-ttf
    font/truetype
application/vnd.debian.binary-package: application/x-debian-package application/x-deb | application/x-archive
    text/vnd.a
application/x-xar: | application/vnd.apple.installer+xml
application/mswrite: application/x-mswrite
application/vnd.ms-cab-compressed: application/x-cab application/x-cab-compressed
application/wasm: application/vnd.wasm
"""

FAMILIES = _parse_table(_FORMATS)
"""By canonical name: the aliases of a format, and the formats that begin like it."""

ALIASES = _parse_table(
    _FORMATS
    + """
audio/mp4: audio/m4a audio/x-m4a audio/x-m4b audio/mp4a-latm
video/quicktime: video/x-quicktime image/mov
video/x-m4v: video/m4v
video/3gpp: video/3gp
audio/ogg: audio/x-ogg
audio/opus: audio/x-opus
video/ogg: video/x-ogg
audio/x-ms-wma: audio/wma
text/csv: text/x-csv application/csv application/x-csv text/comma-separated-values text/x-comma-separated-values
text/tab-separated-values: text/tsv text/x-tab-separated-values
text/markdown: text/x-markdown text/x-web-markdown
application/json: application/x-json text/json text/x-json
application/jsonl: application/json-lines application/jsonlines application/x-jsonlines application/x-ndjson
    application/ndjson
application/yaml: application/x-yaml text/yaml text/x-yaml
application/sql: application/x-sql text/x-sql
application/x-subrip: text/x-subrip text/srt application/x-srt
text/calendar: application/ics text/x-vcalendar
text/vcard: text/x-vcard text/directory application/vcard application/x-vcard
application/epub+zip: application/epub application/x-epub+zip
application/java-archive: application/x-java-archive application/x-jar
application/msword: application/doc application/vnd.msword application/winword application/x-msword
application/vnd.ms-excel: application/msexcel application/x-msexcel application/x-excel application/excel
    application/x-dos_ms_excel application/xls application/x-xls
application/vnd.ms-powerpoint: application/mspowerpoint application/powerpoint application/x-mspowerpoint
    application/ppt
application/vnd.apple.pages: application/x-iwork-pages-sffpages
application/vnd.apple.numbers: application/x-iwork-numbers-sffnumbers
application/vnd.apple.keynote: application/x-iwork-keynote-sffkey
application/vnd.google-earth.kmz: application/x-kmz
model/stl: application/sla application/vnd.ms-pki.stl
""",
    names_only=True,
)
"""By registered or usual name: the aliases of one format only, which are those of the families up to their "|",
and of formats within them."""

TEXTS = _words("""
application/json application/x-json application/json5 application/hjson application/xml application/x-xml
application/javascript application/x-javascript application/ecmascript application/yaml application/x-yaml
application/toml application/sql application/x-sql application/x-ndjson application/ndjson application/jsonl
application/json-lines application/jsonlines application/x-jsonlines application/x-sh application/x-csh
application/x-httpd-php application/x-php application/csv application/x-csv application/x-shellscript
application/graphql application/x-subrip application/typescript application/x-typescript application/x-latex
application/x-tex application/x-texinfo application/x-bibtex application/x-perl application/x-python
application/x-python-script application/x-ruby application/x-tcl application/x-awk application/x-lua
application/xml-dtd application/vnd.apple.mpegurl application/x-mpegurl audio/x-mpegurl audio/mpegurl
audio/x-scpls application/sdp application/x-x509-pem application/x-pem-file application/pgp-signature
application/pgp-keys application/pgp-encrypted application/mbox message/rfc822 application/x-mimearchive
multipart/related application/gpx application/dxf image/vnd.dxf image/x-dxf image/x-xbitmap image/x-xpixmap
image/x-xbm image/x-xpm application/x-step application/step model/step model/iges model/obj application/x-tgif
model/vrml model/mtl application/x-ipynb application/ics application/vcard application/x-vcard
application/x-desktop application/xliff application/x-gettext application/x-troff application/x-troff-man
application/rdf application/n-triples application/n-quads application/trig application/sparql-query
application/wasm-text application/geojson application/vnd.geo+json application/x-web-app-manifest+json
application/vnd.dart application/vnd.oasis.opendocument.text-flat-xml
application/vnd.oasis.opendocument.spreadsheet-flat-xml application/vnd.oasis.opendocument.presentation-flat-xml
application/vnd.oasis.opendocument.graphics-flat-xml
""")
"""Text types without ``text/`` in their name."""

STRICT_TEXTS = _words("""
text/csv text/x-csv text/comma-separated-values text/x-comma-separated-values application/csv application/x-csv
text/calendar application/ics text/x-vcalendar text/vcard text/x-vcard text/directory application/vcard text/vtt
text/tab-separated-values application/json application/x-json text/json text/x-json application/x-ndjson
application/ndjson application/jsonl application/json-lines application/jsonlines application/x-jsonlines
application/geojson application/x-ipynb application/x-subrip image/vnd.dxf image/x-dxf image/x-xbitmap
image/x-xpixmap image/x-xbm image/x-xpm model/step model/obj model/iges model/vrml text/x-microdvd text/x-subviewer
text/vnd.dvb.subtitle application/vnd.apple.mpegurl application/x-mpegurl audio/x-mpegurl audio/mpegurl audio/x-scpls
""")
"""Text types that neither HTML nor XML can be."""

TEXTS_BY_NAME = tuple(
    _words("""
video/mp2t video/vnd.dlna.mpeg-tts application/rls-services+xml application/vnd.ms-powerpoint
application/vnd.ms-outlook application/vnd.apple.keynote application/x-iwork-keynote-sffkey
application/vnd.apple.installer+xml
application/x-msdos-program application/x-msdownload application/x-mspublisher application/vnd.ms-publisher
application/x-netcdf application/netcdf video/x-ms-asf audio/x-ms-asx audio/x-ms-wax video/x-ms-asx video/x-ms-wvx
video/x-ms-wmx application/asx audio/x-pn-realaudio
""")
)
"""Types whose file extension texts have, too: TypeScript, Rust, templates and messages of gettext, keys, batch files,
programs of machine tools, playlists."""

ROOTS: Mapping[str, frozenset[str]] = {"video/mp2t": frozenset({"ts"}), "video/x-ms-asf": frozenset({"asx"})}
"""The root elements, in lower case, of XML whose file extension another type has: Qt's translations, playlists."""

RAWS = tuple(
    _words("""
image/x-adobe- image/dng image/x-dng image/x-nikon- image/x-canon- image/x-sony- image/x-fuji- image/x-pentax-
image/x-samsung- image/x-epson- image/x-kodak- image/x-hasselblad- image/x-phaseone- image/x-leica-
image/x-panasonic- image/x-olympus- image/x-minolta- image/x-sigma- image/x-dcraw image/x-raw image/x-mamiya-
image/x-fujifilm-
""")
)
"""Prefixes of the types of raw camera images: most are TIFF inside."""

BEYOND_SIGHT = tuple(
    _words("""
application/x-iso9660- application/x-cd-image application/vnd.efi. application/x-apple-diskimage
application/x-raw-disk-image application/x-raw-floppy application/x-virtualbox- application/x-qemu-disk
application/x-vhd application/x-vmdk model/stl application/sla application/vnd.ms-pki.stl image/x-tga image/tga
image/targa image/x-targa application/x-targa application/tga
""")
)
"""Prefixes of types whose signature, if any, comes after the first bytes."""
