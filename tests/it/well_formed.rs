//! Exactly the well-formed documents without a DTD: every production and constraint of XML 1.0 (fifth edition) and of
//! Namespaces in XML 1.0 (third edition) that concerns them, both ways. Each document is read from memory and in drops.

mod against_others;
mod text;

use mezhved::xml::{Fault, Limits, Reader, StreamReader, TextReader, Window};

use crate::fuzzed::bodies::pieces::Drops;

fn read_through<W: Window>(mut reader: Reader<W>) -> Result<usize, Fault> {
    let mut events = 0;
    while reader.next_event()?.is_some() {
        events += 1;
    }
    Ok(events)
}

/// Reads a document in all ways, which must agree.
fn read(text: &str) -> Result<usize, Fault> {
    let whole = read_through(TextReader::new(text, Limits::default()));
    for step in [1, 5, 4096] {
        let dropped = read_through(StreamReader::from_source(Drops(text.as_bytes(), step), Limits::default()));
        assert_eq!(dropped, whole, "in drops of {step}: {text:?}");
    }
    whole
}

/// Checks what is well-formed and what is not, the latter with the codes that it is refused by.
fn check(what: &str, right: &[&str], wrong: &[(&str, &str)]) {
    for text in right {
        if let Err(fault) = read(text) {
            panic!("{what}: {text:?} is well-formed, but: {fault}");
        }
    }
    for (text, code) in wrong {
        match read(text) {
            Ok(_) => panic!("{what}: {text:?} is not well-formed, but was read"),
            Err(fault) => assert_eq!(fault.code(), *code, "{what}: {text:?}: {fault}"),
        }
    }
}

#[test]
fn documents() {
    check(
        "[1] document",
        &[
            "<a/>",
            "<a></a>",
            "<?xml version='1.0'?><a/>",
            "\u{FEFF}<a/>",
            " \t\r\n<a/> \t\r\n",
            "<!--b--><?b?><a/><!--b--><?b?>",
        ],
        &[
            ("", "xml-empty"),
            (" ", "xml-empty"),
            ("\u{FEFF}", "xml-empty"),
            ("<!--b-->", "xml-empty"),
            ("<?b?>", "xml-empty"),
            ("b", "xml-text-outside-root"),
            ("b<a/>", "xml-text-outside-root"),
            ("<a/>b", "xml-text-outside-root"),
            ("<a/>&#32;", "xml-text-outside-root"),
            ("&#32;<a/>", "xml-text-outside-root"),
            ("\u{A0}<a/>", "xml-text-outside-root"),
            ("<a/>\u{FEFF}", "xml-text-outside-root"),
            ("\u{FEFF}\u{FEFF}<a/>", "xml-text-outside-root"),
            ("<a/><b/>", "xml-two-roots"),
            ("<a/><a>", "xml-two-roots"),
            ("<a></a></a>", "xml-tag-mismatch"),
            ("</a><a/>", "xml-tag-mismatch"),
            ("<![CDATA[]]><a/>", "xml-text-outside-root"),
            ("<a/><![CDATA[]]>", "xml-text-outside-root"),
            ("<!DOCTYPE a><a/>", "doctype-forbidden"),
            ("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "doctype-forbidden"),
            ("<a/><!DOCTYPE a>", "xml-bad-tag"),
            ("<!doctype a><a/>", "xml-bad-tag"),
        ],
    );
}

#[test]
fn characters() {
    check(
        "[2] Char",
        &[
            "<a>\t\r\n \u{7F}\u{85}\u{2028}\u{D7FF}\u{E000}\u{FFFD}\u{10000}\u{10FFFF}</a>",
            "<a b='\u{FFFD}\u{1FFFE}'/>",
        ],
        &[
            ("<a>\u{0}</a>", "xml-bad-character"),
            ("<a>\u{8}</a>", "xml-bad-character"),
            ("<a>\u{B}</a>", "xml-bad-character"),
            ("<a>\u{C}</a>", "xml-bad-character"),
            ("<a>\u{1F}</a>", "xml-bad-character"),
            ("<a>\u{FFFE}</a>", "xml-bad-character"),
            ("<a>\u{FFFF}</a>", "xml-bad-character"),
            ("<a b='\u{1B}'/>", "xml-bad-character"),
            ("<a b='\u{FFFF}'/>", "xml-bad-character"),
            ("<a><!--\u{1}--></a>", "xml-bad-character"),
            ("<a><?b \u{1}?></a>", "xml-bad-character"),
            ("<a><![CDATA[\u{FFFE}]]></a>", "xml-bad-character"),
            ("<!--\u{0}--><a/>", "xml-bad-character"),
            ("<a/>\u{C}", "xml-text-outside-root"),
        ],
    );
}

#[test]
fn white_space() {
    check(
        "[3] S",
        &["<a \t\r\n b='c' \t\r\n />", "<a\nb='c'\n></a\t>", "<a b\n=\t'c'/>"],
        &[
            ("<a\u{A0}b='c'/>", "xml-bad-name"),
            ("<a\u{85}b='c'/>", "xml-bad-name"),
            ("<a\u{2028}/>", "xml-bad-name"),
            ("<a\u{3000}/>", "xml-bad-name"),
        ],
    );
}

#[test]
fn names() {
    check(
        "[4], [4a], [5] Name",
        &[
            "<_/>",
            "<a-.0_\u{B7}\u{300}\u{203F}/>",
            "<\u{C0}\u{D8}\u{F8}/>",
            "<\u{370}\u{37F}\u{200C}\u{2070}\u{2C00}\u{3001}\u{F900}\u{FDF0}\u{10000}\u{EFFFF}/>",
            "<имя атрибут=''/>",
            "<\u{1372}/>",
        ],
        &[
            ("<-a/>", "xml-bad-name"),
            ("<.a/>", "xml-bad-name"),
            ("<0a/>", "xml-bad-name"),
            ("<\u{B7}a/>", "xml-bad-name"),
            ("<\u{300}a/>", "xml-bad-name"),
            ("<\u{D7}/>", "xml-bad-name"),
            ("<\u{F7}/>", "xml-bad-name"),
            ("<\u{37E}/>", "xml-bad-name"),
            ("<a\u{37E}/>", "xml-bad-name"),
            ("<\u{2000}/>", "xml-bad-name"),
            ("<a\u{2190}/>", "xml-bad-name"),
            ("<\u{FDD0}/>", "xml-bad-name"),
            ("<a\u{F0000}/>", "xml-bad-name"),
            ("<a!/>", "xml-bad-tag"),
            ("<a b@='c'/>", "xml-bad-tag"),
            ("<a 0b='c'/>", "xml-bad-name"),
            ("<a ='c'/>", "xml-bad-name"),
            ("<>", "xml-bad-name"),
            ("<a><></></a>", "xml-bad-name"),
        ],
    );
}

#[test]
fn attribute_values() {
    check(
        "[10] AttValue; no < in attribute values; no external entities",
        &[
            "<a b=''/>",
            "<a b=\"'\" c='\"'/>",
            "<a b='>]]>'/>",
            "<a b='&lt;&#60;&amp;&apos;&quot;&gt;'/>",
            "<a b='\n\t'/>",
        ],
        &[
            ("<a b='<'/>", "xml-less-than-in-attribute"),
            ("<a b='c<d>'/>", "xml-less-than-in-attribute"),
            ("<a b='&'/>", "xml-bad-reference"),
            ("<a b='& c'/>", "xml-bad-reference"),
            ("<a b='&lt'/>", "xml-bad-reference"),
            ("<a b='&c;'/>", "xml-undefined-entity"),
            ("<a b=\"'/>", "xml-truncated"),
            ("<a b='\"/>", "xml-truncated"),
            ("<a b=''c'/>", "xml-bad-tag"),
            ("<a b=c/>", "xml-bad-tag"),
            ("<a b=\u{2018}c\u{2019}/>", "xml-bad-tag"),
            ("<a b=/>", "xml-bad-tag"),
            ("<a b/>", "xml-bad-tag"),
            ("<a b c='d'/>", "xml-bad-tag"),
            ("<a b:='c'/>", "xml-bad-name"),
        ],
    );
}

#[test]
fn character_data() {
    check(
        "[14] CharData",
        &["<a>]</a>", "<a>]]</a>", "<a>]] ></a>", "<a>></a>", "<a>]]&gt;</a>", "<a>]<!---->]></a>", "<a>'\"</a>"],
        &[
            ("<a>]]></a>", "xml-cdata-end-in-text"),
            ("<a>b]]]]>c</a>", "xml-cdata-end-in-text"),
            ("<a>\n]]>", "xml-cdata-end-in-text"),
            ("<a>&</a>", "xml-bad-reference"),
            ("<a>b & c</a>", "xml-bad-reference"),
            ("<a>b < c</a>", "xml-bad-name"),
            ("<a><</a>", "xml-bad-name"),
        ],
    );
}

#[test]
fn comments() {
    check(
        "[15] Comment",
        &["<a><!----></a>", "<a><!-- - - --></a>", "<a><!--<b>&c;]]>--></a>", "<a/><!-- b -->"],
        &[
            ("<a><!-- -- --></a>", "xml-bad-comment"),
            ("<a><!--b---></a>", "xml-bad-comment"),
            ("<a><!---></a>", "xml-truncated"),
            ("<a><!--></a>", "xml-truncated"),
            ("<a><!-- b ></a>", "xml-truncated"),
            ("<a><!-- b -></a>", "xml-truncated"),
            ("<a><! -- b --></a>", "xml-bad-tag"),
            ("<a><!- b --></a>", "xml-bad-tag"),
            ("<a b='c' <!-- d -->/>", "xml-bad-name"),
            ("<!-- a", "xml-truncated"),
            ("<a/><!-- b", "xml-truncated"),
        ],
    );
}

#[test]
fn processing_instructions() {
    check(
        "[16] PI, [17] PITarget; NSC no colons in targets",
        &[
            "<a><?b?></a>",
            "<a><?b ?></a>",
            "<a><?b c='<&?>'?></a>",
            "<?xml-stylesheet href='b'?><a/>",
            "<?xmlb?><a/>",
            "<a/><?b ? > ?>",
            "<a><?b ??></a>",
        ],
        &[
            ("<a><??></a>", "xml-bad-instruction"),
            ("<a><? b?></a>", "xml-bad-instruction"),
            ("<a><?0b?></a>", "xml-bad-instruction"),
            ("<a><?b/?></a>", "xml-bad-instruction"),
            ("<a><?b></a>", "xml-truncated"),
            ("<a><?b ></a>", "xml-truncated"),
            ("<a><?xml?></a>", "xml-bad-declaration"),
            ("<a><?xml version='1.0'?></a>", "xml-bad-declaration"),
            ("<a><?XML b?></a>", "xml-bad-declaration"),
            ("<?xMl b?><a/>", "xml-bad-declaration"),
            ("<a/><?xml version='1.0'?>", "xml-bad-declaration"),
            ("<a><?b:c?></a>", "xml-bad-instruction"),
            ("<a><?:?></a>", "xml-bad-instruction"),
        ],
    );
}

#[test]
fn cdata_sections() {
    check(
        "[18] to [21] CDSect",
        &[
            "<a><![CDATA[]]></a>",
            "<a><![CDATA[<b>&c;]] ]>-->]]></a>",
            "<a><![CDATA[]]]]></a>",
            "<a>b<![CDATA[c]]>d</a>",
        ],
        &[
            ("<a><![CDATA[</a>", "xml-truncated"),
            ("<a><![CDATA[b]]</a>", "xml-truncated"),
            ("<a><![CDATA[b] ]></a>", "xml-truncated"),
            ("<a><![CDATA [b]]></a>", "xml-bad-tag"),
            ("<a><![cdata[b]]></a>", "xml-bad-tag"),
            ("<a><! [CDATA[b]]></a>", "xml-bad-tag"),
            ("<a><![CDATA[b]]>]]></a>", "xml-cdata-end-in-text"),
            ("<a><![INCLUDE[b]]></a>", "xml-bad-tag"),
        ],
    );
}

#[test]
fn xml_declarations() {
    check(
        "[22] to [26], [32] XMLDecl; [80], [81] EncodingDecl",
        &[
            "<?xml version='1.0'?><a/>",
            "<?xml version=\"1.0\" ?><a/>",
            "<?xml\n\tversion = '1.0'\r\nencoding = \"UTF-8\" standalone='yes'?>\n<a/>",
            "<?xml version='1.0' standalone='no'?><a/>",
            "<?xml version='1.0' encoding='A.b_c-9'?><a/>",
            "<?xml version='1.1'?><a/>",
            "<?xml version='1.10'?><a/>",
        ],
        &[
            (" <?xml version='1.0'?><a/>", "xml-bad-declaration"),
            ("\n<?xml version='1.0'?><a/>", "xml-bad-declaration"),
            ("<!----><?xml version='1.0'?><a/>", "xml-bad-declaration"),
            ("<?xml version='1.0'?><?xml version='1.0'?><a/>", "xml-bad-declaration"),
            ("<?xml?><a/>", "xml-bad-declaration"),
            ("<?xml ?><a/>", "xml-bad-declaration"),
            ("<?xml encoding='UTF-8'?><a/>", "xml-bad-declaration"),
            ("<?xml standalone='yes'?><a/>", "xml-bad-declaration"),
            ("<?xml version=1.0?><a/>", "xml-bad-declaration"),
            ("<?xml version='1.0\"?><a/>", "xml-bad-declaration"),
            ("<?xml version='1'?><a/>", "xml-bad-declaration"),
            ("<?xml version='1.'?><a/>", "xml-bad-declaration"),
            ("<?xml version='1.0b'?><a/>", "xml-bad-declaration"),
            ("<?xml version='2.0'?><a/>", "xml-bad-declaration"),
            ("<?xml version=' 1.0'?><a/>", "xml-bad-declaration"),
            ("<?xml version=''?><a/>", "xml-bad-declaration"),
            ("<?xml Version='1.0'?><a/>", "xml-bad-declaration"),
            ("<?xml version='1.0' version='1.0'?><a/>", "xml-bad-declaration"),
            ("<?xml version='1.0'encoding='UTF-8'?><a/>", "xml-bad-declaration"),
            ("<?xml version='1.0' encoding='UTF-8'standalone='yes'?><a/>", "xml-bad-declaration"),
            ("<?xml version='1.0' encoding=''?><a/>", "xml-bad-declaration"),
            ("<?xml version='1.0' encoding='8bit'?><a/>", "xml-bad-declaration"),
            ("<?xml version='1.0' encoding='UTF 8'?><a/>", "xml-bad-declaration"),
            ("<?xml version='1.0' encoding='utf:8'?><a/>", "xml-bad-declaration"),
            ("<?xml version='1.0' encoding=UTF-8?><a/>", "xml-bad-declaration"),
            ("<?xml version='1.0' standalone='yes' encoding='UTF-8'?><a/>", "xml-bad-declaration"),
            ("<?xml version='1.0' standalone='YES'?><a/>", "xml-bad-declaration"),
            ("<?xml version='1.0' standalone='maybe'?><a/>", "xml-bad-declaration"),
            ("<?xml version='1.0' standalone?><a/>", "xml-bad-declaration"),
            ("<?xml version='1.0' b='c'?><a/>", "xml-bad-declaration"),
            ("<?xml version='1.0' b?><a/>", "xml-bad-declaration"),
            ("<?xml version='1.0' ><a/>", "xml-truncated"),
            ("<?xml version='1.0'>", "xml-truncated"),
            ("<?XML version='1.0'?><a/>", "xml-bad-declaration"),
            ("<? xml version='1.0'?><a/>", "xml-bad-instruction"),
            ("<xml version='1.0'?><a/>", "xml-bad-tag"),
        ],
    );
}

#[test]
fn tags() {
    check(
        "[39] element, [40] STag, [42] ETag, [44] EmptyElemTag; element type match; unique attributes",
        &["<a ></a >", "<a\n/>", "<a b='1' B='2'/>", "<a><A/></a>", "<a><a><a/></a></a>"],
        &[
            ("<a>", "xml-truncated"),
            ("<a", "xml-truncated"),
            ("<", "xml-truncated"),
            ("<a b", "xml-truncated"),
            ("<a/", "xml-truncated"),
            ("<a></a", "xml-truncated"),
            ("<a></", "xml-truncated"),
            ("<a></A>", "xml-tag-mismatch"),
            ("<a></b>", "xml-tag-mismatch"),
            ("<a></ab>", "xml-tag-mismatch"),
            ("<a><b></a></b>", "xml-tag-mismatch"),
            ("<a></ a>", "xml-tag-mismatch"),
            ("<a></>", "xml-tag-mismatch"),
            ("<a></a b='c'>", "xml-bad-tag"),
            ("<a></a/>", "xml-bad-tag"),
            ("< a/>", "xml-bad-name"),
            ("<a / >", "xml-bad-tag"),
            ("<a/ >", "xml-bad-tag"),
            ("<a b='c'd='e'/>", "xml-bad-tag"),
            ("<a b='c'/d='e'>", "xml-bad-tag"),
            ("<a, b='c'/>", "xml-bad-tag"),
            ("<a b='c', d='e'/>", "xml-bad-tag"),
            ("<a &b;/>", "xml-bad-name"),
            ("<a <b/>", "xml-bad-name"),
            ("<a b='c' b='c'/>", "xml-duplicate-attribute"),
            ("<a b='c' d='e' b='f'/>", "xml-duplicate-attribute"),
            ("<a><b/></a><b>", "xml-two-roots"),
            ("<a><!ELEMENT a ANY></a>", "xml-bad-tag"),
            ("<a><!></a>", "xml-bad-tag"),
            ("<a><%b%></a>", "xml-bad-name"),
        ],
    );
}

#[test]
fn references() {
    check(
        "[66] CharRef, [67], [68] references; legal character; entity declared",
        &[
            "<a>&#9;&#10;&#13;&#32;&#xD7FF;&#xE000;&#xFFFD;&#x10000;&#x10FFFF;&#1114111;</a>",
            "<a>&#00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000065;</a>",
            "<a>&#xaF;&amp;&lt;&gt;&apos;&quot;&amp;amp;</a>",
        ],
        &[
            ("<a>&#0;</a>", "xml-bad-reference"),
            ("<a>&#8;</a>", "xml-bad-reference"),
            ("<a>&#x1F;</a>", "xml-bad-reference"),
            ("<a>&#xD800;</a>", "xml-bad-reference"),
            ("<a>&#xDFFF;</a>", "xml-bad-reference"),
            ("<a>&#xFFFE;</a>", "xml-bad-reference"),
            ("<a>&#xFFFF;</a>", "xml-bad-reference"),
            ("<a>&#x110000;</a>", "xml-bad-reference"),
            ("<a>&#4294967361;</a>", "xml-bad-reference"),
            ("<a>&#;</a>", "xml-bad-reference"),
            ("<a>&#x;</a>", "xml-bad-reference"),
            ("<a>&#X41;</a>", "xml-bad-reference"),
            ("<a>&#6A;</a>", "xml-bad-reference"),
            ("<a>&#xG;</a>", "xml-bad-reference"),
            ("<a>&#-65;</a>", "xml-bad-reference"),
            ("<a>&#+65;</a>", "xml-bad-reference"),
            ("<a>&# 65;</a>", "xml-bad-reference"),
            ("<a>&#65 ;</a>", "xml-bad-reference"),
            ("<a>&#65</a>", "xml-bad-reference"),
            ("<a>& lt;</a>", "xml-bad-reference"),
            ("<a>&lt ;</a>", "xml-bad-reference"),
            ("<a>&lt</a>", "xml-bad-reference"),
            ("<a>&;</a>", "xml-bad-reference"),
            ("<a>&LT;</a>", "xml-undefined-entity"),
            ("<a>&nbsp;</a>", "xml-undefined-entity"),
            ("<a>&имя;</a>", "xml-undefined-entity"),
            ("<a>%b;</a><b>", "xml-two-roots"),
            ("<a>&#65", "xml-truncated"),
        ],
    );
}

#[test]
fn namespaces() {
    const XML: &str = "http://www.w3.org/XML/1998/namespace";
    check(
        "Namespaces: QName, declarations, prefixes",
        &[
            "<b:a xmlns:b='c'/>",
            "<a xmlns='b'><c xmlns=''/></a>",
            "<a xml:lang='b' xml:space='default' xml:b='c'/>",
            &format!("<xml:a xmlns:xml='{XML}'/>"),
            "<a xmlns:b='c' xmlns:d='c' b:e='1' e='2'/>",
            "<b:a xmlns:b='c'><b:d xmlns:b='e'/></b:a>",
            "<a xmlns:B='1' xmlns:b='2' B:c='' b:c=''/>",
            "<a xmlns:xmlx='b' xmlx:c=''/>",
            "<a xmlns:b='путь/&#1;'/>".replace("&#1;", "&#x9;").as_str(),
        ],
        &[
            ("<b:a/>", "xml-undeclared-prefix"),
            ("<a b:c=''/>", "xml-undeclared-prefix"),
            ("<a><b xmlns:c='d'/><c:e/></a>", "xml-undeclared-prefix"),
            ("<a><b:c xmlns:b='d'></b:c><b:c/></a>", "xml-undeclared-prefix"),
            ("<a xmlns:b=''/>", "xml-bad-namespace"),
            ("<a xmlns:b='c'><d xmlns:b=''/></a>", "xml-bad-namespace"),
            ("<a xmlns:xml='b'/>", "xml-bad-namespace"),
            (&format!("<a xmlns:b='{XML}'/>"), "xml-bad-namespace"),
            (&format!("<a xmlns='{XML}'/>"), "xml-bad-namespace"),
            ("<a xmlns:xmlns='b'/>", "xml-bad-namespace"),
            ("<a xmlns:xmlns='http://www.w3.org/2000/xmlns/'/>", "xml-bad-namespace"),
            ("<a xmlns:b='http://www.w3.org/2000/xmlns/'/>", "xml-bad-namespace"),
            ("<a xmlns='http://www.w3.org/2000/xmlns/'/>", "xml-bad-namespace"),
            ("<xmlns:a/>", "xml-undeclared-prefix"),
            ("<:a/>", "xml-bad-name"),
            ("<a:/>", "xml-bad-name"),
            ("<:/>", "xml-bad-name"),
            ("<a:b:c xmlns:a='d'/>", "xml-bad-name"),
            ("<a:0b xmlns:a='c'/>", "xml-bad-name"),
            ("<a:-b xmlns:a='c'/>", "xml-bad-name"),
            ("<a :b='c'/>", "xml-bad-name"),
            ("<a xmlns:='b'/>", "xml-bad-name"),
            ("<a xmlns:b:c='d'/>", "xml-bad-name"),
            ("<a xmlns:b='c' xmlns:b='d'/>", "xml-duplicate-attribute"),
            ("<a xmlns='b' xmlns='b'/>", "xml-duplicate-attribute"),
            ("<a xmlns:b='c' xmlns:d='c' b:e='' d:e=''/>", "xml-duplicate-attribute"),
            ("<a xmlns:b='c' xmlns:d='&#99;' b:e='' d:e=''/>", "xml-duplicate-attribute"),
            ("<b:a xmlns:b='c'></a>", "xml-tag-mismatch"),
            ("<b:a xmlns:b='c' xmlns:d='c'></d:a>", "xml-tag-mismatch"),
        ],
    );
}
