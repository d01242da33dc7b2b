// Generated from mime-db by `npm run file-types`. Do not edit.

/** Types by extension: of each kind its subtypes, "svg+xml=svg" where the extensions are others. */
export const EXTENSIONS: Record<string, string> = {
  application:
    "dicom=dcm epub+zip=epub geo+json=geojson gpx+xml=gpx gzip=gz,tgz json jsonl msword=doc pdf pkcs7-mime=p7m postscript=ai,eps,ps rtf sql toml vnd.android.package-archive=apk vnd.apache.parquet=parquet vnd.apple.keynote=key vnd.apple.numbers=numbers vnd.apple.pages=pages vnd.google-earth.kml+xml=kml vnd.google-earth.kmz=kmz vnd.ms-excel=xls vnd.ms-excel.sheet.binary.macroenabled.12=xlsb vnd.ms-excel.sheet.macroenabled.12=xlsm vnd.ms-outlook=msg vnd.ms-powerpoint=ppt vnd.ms-powerpoint.presentation.macroenabled.12=pptm vnd.ms-word.document.macroenabled.12=docm vnd.oasis.opendocument.graphics=odg vnd.oasis.opendocument.presentation=odp vnd.oasis.opendocument.spreadsheet=ods vnd.oasis.opendocument.text=odt vnd.openxmlformats-officedocument.presentationml.presentation=pptx vnd.openxmlformats-officedocument.presentationml.slideshow=ppsx vnd.openxmlformats-officedocument.spreadsheetml.sheet=xlsx vnd.openxmlformats-officedocument.wordprocessingml.document=docx vnd.openxmlformats-officedocument.wordprocessingml.template=dotx vnd.rar=rar vnd.sqlite3=sqlite vnd.visio=vsdx x-7z-compressed=7z x-bzip2=bz2 x-hdf5=h5 x-ipynb+json=ipynb x-iso9660-image=iso x-mobipocket-ebook=mobi x-ndjson=ndjson x-subrip=srt x-tar=tar x-xz=xz zip zstd=zst",
  audio:
    "3gpp=3ga aac amr flac midi=mid,midi mp4=m4a,m4b mpeg=mp3 ogg=oga,ogg,opus wav webm=weba x-aiff=aif,aiff x-caf=caf x-matroska=mka x-ms-wma=wma",
  font:
    "otf ttf woff woff2",
  image:
    "avif bmp gif heic heif=heif,hif jp2 jpeg=jfif,jpe,jpeg,jpg jxl png svg+xml=svg tiff=tif,tiff vnd.adobe.photoshop=psd vnd.dwg=dwg vnd.dxf=dxf webp x-adobe-dng=dng x-canon-cr2=cr2 x-canon-cr3=cr3 x-fuji-raf=raf x-icon=ico x-nikon-nef=nef x-olympus-orf=orf x-panasonic-rw2=rw2 x-sony-arw=arw",
  message:
    "rfc822=eml",
  model:
    "3mf gltf+json=gltf gltf-binary=glb obj step=step,stp stl",
  text:
    "calendar=ics css csv html=htm,html javascript=js,mjs markdown=md plain=log,txt tab-separated-values=tsv vcard=vcf vtt xml yaml=yaml,yml",
  video:
    "3gpp=3gp 3gpp2=3g2 mp2t=m2ts,mts mp4 mpeg=mpeg,mpg ogg=ogv quicktime=mov webm x-flv=flv x-m4v=m4v x-matroska=mkv x-ms-wmv=wmv x-msvideo=avi",
};
