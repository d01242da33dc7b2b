"""Sounds and films, by their first boxes, chunks, pages and frames."""

import io
import struct
import wave

from tests.field.corpus import Sample, sample
from tests.field.corpus_pictures import ftyp


def spoken() -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as sound:
        sound.setnchannels(2)
        sound.setsampwidth(2)
        sound.setframerate(44_100)
        sound.writeframes(struct.pack("<200h", *range(-100, 100)))
    return out.getvalue()


def tagged(behind: bytes, size: int = 300) -> bytes:
    """An ID3 tag of ``size`` bytes (sync-safe), and what follows."""
    packed = bytes((size >> shift) & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x03\x00\x00" + packed + b"TIT2\x00\x00\x00\x06\x00\x00\x00Title" + bytes(size - 16) + behind


def ogg(first: bytes) -> bytes:
    return b"OggS\x00\x02" + bytes(20) + b"\x01" + bytes([len(first)]) + first + bytes(40)


def ebml(kind: bytes) -> bytes:
    return (
        b"\x1aE\xdf\xa3\xa3B\x86\x81\x01B\xf7\x81\x01B\xf2\x81\x04B\xf3\x81\x08B\x82"
        + bytes([0x80 + len(kind)])
        + kind
        + bytes(40)
    )


def packets(lead: bytes = b"") -> bytes:
    return (lead + b"G\x40\x00\x10" + bytes(range(184))) * 5


WAVE = spoken()
FRAMES = (b"\xff\xfb\x90\x64" + bytes(413)) * 4
WAVS = "audio/wav audio/x-wav audio/wave audio/vnd.wave"
MP3S = "audio/mpeg audio/mp3 audio/x-mp3 audio/mpeg3 audio/x-mpeg audio/mpg"
MP4S = "video/mp4 video/quicktime video/x-m4v video/3gpp"
M4AS = "audio/mp4 audio/x-m4a audio/m4a audio/mp4a-latm video/mp4 audio/aac"
OGGS = "audio/ogg application/ogg audio/x-ogg"
WEBMS = "video/webm audio/webm video/x-matroska"
AACS = "audio/aac audio/x-aac audio/aacp audio/vnd.dlna.adts audio/x-hx-aac-adts"

SOUNDS: list[Sample] = [
    sample("song.mp3", tagged(FRAMES), MP3S),
    sample("cover.mp3", tagged(b"", 90_000)[:5000], MP3S),
    sample("bare.mp3", FRAMES, MP3S),
    sample("low.mp3", b"\xff\xf3\x48\xc4" + bytes(200), MP3S),
    sample("gap.mp3", bytes(300) + FRAMES, MP3S),
    sample("twice.mp3", tagged(tagged(FRAMES, 50), 80), MP3S),
    sample("old.mp2", b"\xff\xfd\xa4\x04" + bytes(200), "audio/mpeg audio/mp2 audio/x-mp2"),
    sample("radio.aac", b"\xff\xf1\x50\x80\x02\x1f\xfc" + bytes(200), AACS),
    sample("tagged.aac", tagged(b"\xff\xf1\x50\x80\x02\x1f\xfc" + bytes(200)), AACS),
    sample("cover.aac", tagged(b"", 90_000)[:5000], AACS),
    sample("adif.aac", b"ADIF" + bytes(40), AACS),
    sample("note.wav", WAVE, WAVS),
    sample("broadcast.wav", b"RIFF\x00\x01\x00\x00WAVEbext" + bytes(60), WAVS + " audio/x-bwf"),
    sample("large.wav", b"RF64\xff\xff\xff\xffWAVEds64" + bytes(60), WAVS),
    sample("large.bw64", b"BW64\xff\xff\xff\xffWAVEds64" + bytes(60), WAVS),
    sample("motorola.wav", b"RIFX\x00\x00\x01\x00WAVEfmt " + bytes(60), WAVS),
    sample("tagged.wav", tagged(WAVE), WAVS),
    sample("album.flac", b"fLaC\x00\x00\x00\x22\x10\x00" + bytes(60), "audio/flac audio/x-flac"),
    sample("tagged.flac", tagged(b"fLaC\x00\x00\x00\x22\x10\x00" + bytes(60)), "audio/flac audio/x-flac"),
    sample("song.m4a", ftyp(b"M4A ", b"M4A ", b"mp42", b"isom"), M4AS),
    sample("mp42.m4a", ftyp(b"mp42", b"isom", b"mp42"), M4AS),
    sample("book.m4b", ftyp(b"M4B ", b"M4B ", b"mp42"), "audio/mp4 audio/x-m4b audio/x-m4a"),
    sample("voice.3ga", ftyp(b"3gp5", b"isom"), "audio/3gpp video/3gpp audio/mp4 audio/amr"),
    sample("voice.amr", b"#!AMR\n\x3c\x91\x17\x16" + bytes(60), "audio/amr audio/x-amr audio/3gpp"),
    sample("wide.awb", b"#!AMR-WB\n\x0c" + bytes(60), "audio/amr-wb audio/amr"),
    sample("voice.opus", ogg(b"OpusHead\x01\x02"), OGGS + " audio/opus audio/x-opus+ogg"),
    sample("song.ogg", ogg(b"\x01vorbis" + bytes(20)), OGGS + " audio/vorbis audio/x-vorbis+ogg video/ogg"),
    sample("talk.spx", ogg(b"Speex   1.2"), OGGS + " audio/x-speex audio/speex"),
    sample("film.ogv", ogg(b"\x80theora\x03\x02"), "video/ogg application/ogg video/x-theora+ogg video/x-ogg"),
    sample("lossless.oga", ogg(b"\x7fFLAC\x01\x00"), OGGS + " audio/x-flac+ogg"),
    sample(
        "score.mid",
        b"MThd\x00\x00\x00\x06\x00\x01\x00\x02\x01\xe0MTrk" + bytes(40),
        "audio/midi audio/mid audio/x-midi",
    ),
    sample("score.rmi", b"RIFF\x40\x00\x00\x00RMIDdata" + bytes(40), "audio/mid audio/midi"),
    sample("loop.aif", b"FORM\x00\x00\x10\x00AIFFCOMM" + bytes(40), "audio/aiff audio/x-aiff"),
    sample("loop.aifc", b"FORM\x00\x00\x10\x00AIFCFVER" + bytes(40), "audio/aiff audio/x-aiff"),
    sample("old.au", b".snd\x00\x00\x00\x18" + bytes(40), "audio/basic audio/x-au"),
    sample("voice.caf", b"caff\x00\x01\x00\x00desc" + bytes(40), "audio/x-caf"),
    sample(
        "song.wma",
        b"0&\xb2u\x8ef\xcf\x11\xa6\xd9\x00\xaa\x00b\xcel" + bytes(40),
        "audio/x-ms-wma video/x-ms-asf video/x-ms-wmv",
    ),
    sample("song.ape", b"MAC \x96\x0f\x00\x00" + bytes(40), "audio/x-ape audio/ape"),
    sample("song.wv", b"wvpk\x00\x10\x00\x00" + bytes(40), "audio/x-wavpack"),
    sample("song.dsf", b"DSD \x1c\x00\x00\x00" + bytes(40), "audio/x-dsf audio/dsf"),
    sample(
        "list.m3u8",
        b"#EXTM3U\n#EXT-X-VERSION:3\n",
        "application/vnd.apple.mpegurl application/x-mpegurl audio/x-mpegurl",
    ),
    sample("film.mp4", ftyp(b"isom", b"isom", b"iso2", b"avc1", b"mp41"), MP4S + " application/mp4 audio/mp4"),
    sample("stream.mp4", ftyp(b"iso5", b"iso5", b"dash"), MP4S),
    sample("sony.mp4", ftyp(b"XAVC", b"XAVC", b"mp42"), MP4S),
    sample("phone.3gp", ftyp(b"3gp4", b"3gp4", b"isom"), MP4S + " video/3gpp2"),
    sample("segment.m4s", b"\x00\x00\x00\x18stypmsdh" + bytes(60), "video/mp4 video/iso.segment"),
    sample("IMG_4.MOV", ftyp(b"qt  ", b"qt  "), "video/quicktime video/mp4 video/x-quicktime"),
    sample("old.mov", b"\x00\x00\x02\xe4moov\x00\x00\x00\x6cmvhd" + bytes(60), "video/quicktime video/mp4"),
    sample("camera.mov", b"\x00\x00\x00\x08wide\x00\x10\x00\x00mdat" + bytes(60), "video/quicktime"),
    sample("raw.mov", b"\x00\x2f\x00\x10mdat\x00\x00" + bytes(60), "video/quicktime"),
    sample("film.m4v", ftyp(b"M4V ", b"M4V ", b"mp42"), MP4S),
    sample("film.webm", ebml(b"webm"), WEBMS),
    sample(
        "film.mkv", ebml(b"matroska"), "video/x-matroska video/matroska video/webm application/x-matroska video/mkv"
    ),
    sample("sound.mka", ebml(b"matroska"), "audio/x-matroska audio/matroska video/x-matroska"),
    sample(
        "film.avi", b"RIFF\x24\x10\x00\x00AVI LIST" + bytes(60), "video/x-msvideo video/avi video/msvideo video/vnd.avi"
    ),
    sample("film.wmv", b"0&\xb2u\x8ef\xcf\x11\xa6\xd9\x00\xaa\x00b\xcel" + bytes(40), "video/x-ms-wmv video/x-ms-asf"),
    sample("film.flv", b"FLV\x01\x05\x00\x00\x00\x09" + bytes(40), "video/x-flv"),
    sample("film.mpg", b"\x00\x00\x01\xba\x44\x00\x04" + bytes(60), "video/mpeg video/x-mpeg"),
    sample("film.m2v", b"\x00\x00\x01\xb3\x14\x00\xf0" + bytes(60), "video/mpeg"),
    sample("dvd.vob", b"\x00\x00\x01\xba\x44\x00\x04" + bytes(60), "video/mpeg video/dvd video/x-ms-vob"),
    sample("tv.ts", packets(), "video/mp2t video/vnd.dlna.mpeg-tts video/mpeg"),
    sample("camera.mts", packets(b"\x00\x00\x00\x01"), "video/mp2t video/avchd-stream video/vnd.dlna.mpeg-tts"),
    sample("old.rm", b".RMF\x00\x00\x00\x12" + bytes(40), "application/vnd.rn-realmedia"),
    sample("studio.mxf", b"\x06\x0e\x2b\x34\x02\x05\x01\x01\x0d\x01" + bytes(40), "application/mxf"),
    sample(
        "captions.srt",
        "1\r\n00:00:01,000 --> 00:00:02,000\r\n<i>Ça va?</i>\r\n".encode(),
        "application/x-subrip text/plain text/srt",
    ),
    sample("captions.vtt", b"WEBVTT\n\n00:01.000 --> 00:02.000\nHello\n", "text/vtt text/plain"),
]
