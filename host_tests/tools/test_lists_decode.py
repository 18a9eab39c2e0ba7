"""Bytes of any origin become text, or one sentence says why not."""

import codecs

import pytest

from tools.host.errors import ToolError
from tools.lists.decode import decode


def lines(names, end="\n"):
    return "".join(name + end for name in names.split())


SWEDISH = lines("Åsa Örjan Björn Anna-Lena Märta Göran Jörgen Håkan", "\r\n")
FRENCH = lines("André François Hélène Anaïs Zoé Jérôme Renée Céline Noël")
GERMAN = lines("Jürgen Günther Björn Käthe Groß Sönke Jörg Rüdiger")
POLISH = lines("Łukasz Małgorzata Sławomir Zdzisław Paweł Józef Bożena Grażyna")
RUSSIAN = lines("Иван Ольга Сергей Наталья Дмитрий Елена")
GREEK = lines("Γιώργος Μαρία Ελένη Αθηνά Στέλιος")
TURKISH = lines(
    "Mehmet Ayşe Mustafa Fatma Ahmet Emine Ali Hatice Hüseyin Zeynep Hasan Elif İbrahim Meryem "
    "İsmail Şerife Osman Zehra Yusuf Sultan Murat Hanife Ömer Merve Ramazan Havva Halil Zeliha "
    "Süleyman Esra Abdullah Fadime Mahmut Özlem Recep Hacer Salih Yasemin Fatih Hülya Kadir Çiğdem "
    "Emre Dilek Gökhan Tuğba Uğur Büşra Çağlar Barış"
)
CHINESE = lines("王伟 张伟 李娜 刘洋 陈静 杨勇 赵敏 黄磊")
JAPANESE = lines("さくら あおい 太郎 花子 東京 大阪 タロウ")
KANA = lines("フシギダネ ヒトカゲ ゼニガメ キャタピー ピカチュウ ニドラン さくら ひなた")
KOREAN = lines("김민준 이서연 박지훈 최수빈 정하은")
THAI = lines("สมชาย สมหญิง วิชัย")
HEBREW = lines("דוד שרה יעקב רחל משה")
ARABIC = lines("محمد فاطمة علي خالد زينب")


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (SWEDISH, "cp1252"),
        (FRENCH, "cp1252"),
        (GERMAN, "cp1252"),
        (FRENCH, "mac_roman"),
        (GERMAN, "mac_roman"),
        (POLISH, "cp1250"),
        (POLISH, "iso8859-2"),
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8-r"),
        (RUSSIAN, "cp866"),
        (GREEK, "cp1253"),
        (TURKISH, "cp1254"),
        (CHINESE, "gbk"),
        (CHINESE, "gb18030"),
        (JAPANESE, "shift_jis"),
        (JAPANESE, "euc_jp"),
        (KANA, "shift_jis"),
        (KANA, "euc_jp"),
        (KOREAN, "cp949"),
        (THAI, "cp874"),
        (HEBREW, "cp1255"),
        (ARABIC, "cp1256"),
    ],
)
def test_legacy_encodings_are_recognised(text, encoding):
    found = decode(text.encode(encoding))
    assert found.text == text and found.guessed
    assert decode(text.encode(encoding), encoding).text == text


@pytest.mark.parametrize("text", [SWEDISH, RUSSIAN, CHINESE, "anna\nbo\n", "a\n"])
def test_unicode_in_any_form_is_recognised(text):
    marks = {
        "utf-8": codecs.BOM_UTF8,
        "utf-16-le": codecs.BOM_UTF16_LE,
        "utf-16-be": codecs.BOM_UTF16_BE,
        "utf-32-le": codecs.BOM_UTF32_LE,
        "utf-32-be": codecs.BOM_UTF32_BE,
    }
    for encoding, mark in marks.items():
        found = decode(mark + text.encode(encoding))
        assert found.text == text and not found.guessed, encoding
    assert decode(text.encode()).text == text


@pytest.mark.parametrize(
    "text", [SWEDISH, RUSSIAN, CHINESE, THAI, "anna\nbo\n", "anna", "\u00e9l\r"]
)
def test_utf_16_without_a_mark_is_recognised(text):
    for encoding in ("utf-16-le", "utf-16-be"):
        assert decode(text.encode(encoding)).text == text


def test_a_few_damaged_lines_leave_utf8_what_it_is():
    found = decode("bj\u00f6rn\n\u00e5sa\nm\u00e4rta\n".encode() + b"\xc5sa\nbo\n")
    assert found.encoding == "utf-8" and not found.guessed
    assert found.text.startswith("bj\u00f6rn\n\u00e5sa\n")
    assert found.text.encode("utf-8", "surrogateescape").endswith(b"\xc5sa\nbo\n")


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"PK\x03\x04\x14\0\x06\0", "Excel, Word or zip file.*CSV in UTF-8"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "Excel or Word file.*CSV in UTF-8"),
        (b"%PDF-1.7\n", "a PDF"),
        (b"{\\rtf1\\ansi Anna\\par}", "rich text.*plain text"),
        (b"\x1f\x8b\x08\0", "gunzip"),
        (b"\x89PNG\r\n", "a picture"),
        (b"<!DOCTYPE html>\n<html>", "a web page"),
        (b"\xef\xbb\xbf  <html lang=en>", "a web page"),
        (b'["Anna", "Bo"]\n', "is JSON.*each name on a line"),
        (b'{"names": ["Anna"]}', "is JSON"),
    ],
)
def test_what_is_no_list_is_refused_with_the_remedy(data, what):
    with pytest.raises(ToolError, match=what):
        decode(data)


def test_names_in_brackets_are_no_json():
    assert decode(b"[NH4+]\n[OH-]\nCCO\n").text == "[NH4+]\n[OH-]\nCCO\n"
    assert decode(b"<3\nanna\n").text == "<3\nanna\n"


def test_a_wrong_encoding_is_refused_with_the_remedy():
    with pytest.raises(ToolError, match="no encoding klingon: name one such as"):
        decode(b"ana\n", "klingon")
    with pytest.raises(ToolError, match="not in utf-8 .*: name another"):
        decode(b"\xc5sa\n", "utf-8")
