//! Schemas at random, each valid: simple types of all kinds, content models, derivations, substitution groups, wildcards,
//! identity constraints. What libxml2 is known to judge wrongly is not made; the places say so.

use super::mutation::Dice;

/// Bases of strings, which take lengths and patterns.
const TEXTS: &[&str] = &["string", "normalizedString", "token", "NMTOKEN", "Name", "NCName", "language", "anyURI"];
const NUMBERS: &[&str] = &[
    "decimal",
    "integer",
    "nonNegativeInteger",
    "positiveInteger",
    "nonPositiveInteger",
    "negativeInteger",
    "long",
    "int",
    "short",
    "byte",
    "unsignedLong",
    "unsignedInt",
    "unsignedShort",
    "unsignedByte",
];
const PATTERNS: &[&str] = &[
    "[a-z]{1,3}",
    "\\d{2}-\\d{2}",
    "[A-ZА-Я][a-zа-я]*",
    "(ab|cd)*",
    "\\w+",
    "[^\\s]+",
    "a?b+c*",
    "\\p{Lu}\\p{Ll}+",
    "[\\-+]?[0-9]+(\\.[0-9]{1,2})?",
    "\\i\\c*",
    ".{2,5}",
    "[a-z-[aeiou]]+",
    "x{0,3}y{2}",
];

/// The target namespace of a schema: none for some.
pub(crate) fn namespace(seed: u64) -> &'static str {
    if seed.is_multiple_of(3) { "" } else { "urn:t" }
}

/// A schema with a global element `root`.
pub(crate) fn schema(seed: u64) -> String {
    Maker { dice: Dice::new(seed), prefix: if namespace(seed).is_empty() { "" } else { "t:" }, simple: 0, elements: 0 }
        .schema(seed)
}

struct Maker {
    dice: Dice,
    /// Before references to what the schema defines.
    prefix: &'static str,
    simple: usize,
    elements: usize,
}

impl Maker {
    fn schema(&mut self, seed: u64) -> String {
        let mut head = "<xs:schema xmlns:xs=\"http://www.w3.org/2001/XMLSchema\"".to_owned();
        if !namespace(seed).is_empty() {
            head.push_str(" targetNamespace=\"urn:t\" xmlns:t=\"urn:t\"");
            if self.dice.percent(70) {
                head.push_str(" elementFormDefault=\"qualified\"");
            }
            if self.dice.percent(20) {
                head.push_str(" attributeFormDefault=\"qualified\"");
            }
        }
        let mut body = String::new();
        for number in 0..6 + self.dice.below(6) {
            let definition = self.simple_type(&format!(" name=\"S{number}\""));
            body.push_str(&definition);
            body.push('\n');
            self.simple = number + 1;
        }
        body.push_str(&self.derived());
        body.push_str(&self.substitutes());
        // The model of a group definition occurs once; the reference to it may not.
        let occurs = regex::Regex::new("^<xs:sequence[^>]*>").unwrap();
        let group = occurs.replace(&self.model("sequence", 1), "<xs:sequence>").into_owned();
        body.push_str(&format!("<xs:group name=\"G\">{group}</xs:group>\n"));
        let attributes = self.attributes("g");
        body.push_str(&format!("<xs:attributeGroup name=\"AG\">{attributes}</xs:attributeGroup>\n"));
        body.push_str(&self.root());
        format!("{head}>\n{body}</xs:schema>\n")
    }

    /// A type of an element or attribute: a built-in one or one of the schema. Not NMTOKENS, of which libxml2 takes none
    /// at all, and not base64Binary.
    fn simple(&mut self) -> String {
        if self.simple > 0 && self.dice.percent(60) {
            return format!("{}S{}", self.prefix, self.dice.below(self.simple));
        }
        let built_in = [
            "string",
            "token",
            "boolean",
            "decimal",
            "integer",
            "int",
            "byte",
            "unsignedShort",
            "float",
            "double",
            "date",
            "dateTime",
            "time",
            "duration",
            "gYear",
            "gYearMonth",
            "gMonth",
            "gMonthDay",
            "gDay",
            "hexBinary",
            "language",
            "NMTOKEN",
            "Name",
            "NCName",
            "normalizedString",
            "positiveInteger",
            "long",
            "anyURI",
        ];
        format!("xs:{}", self.dice.pick(&built_in))
    }

    fn simple_type(&mut self, name: &str) -> String {
        let content = match self.dice.below(10) {
            0 | 1 => self.text(),
            2 | 3 => self.number(),
            4 => self.moment(),
            5 => self.enumeration(),
            6 => self.octets(),
            7 => self.list(),
            8 => self.union(),
            _ => {
                let pattern = self.dice.pick(PATTERNS);
                format!("<xs:restriction base=\"xs:token\"><xs:pattern value=\"{pattern}\"/></xs:restriction>")
            }
        };
        format!("<xs:simpleType{name}>{content}</xs:simpleType>")
    }

    fn lengths(&mut self) -> String {
        let least = self.dice.below(5);
        match self.dice.below(4) {
            0 => format!("<xs:length value=\"{}\"/>", least.max(1)),
            1 => format!("<xs:minLength value=\"{least}\"/>"),
            2 => format!("<xs:maxLength value=\"{}\"/>", least + 1),
            _ => format!("<xs:minLength value=\"{least}\"/><xs:maxLength value=\"{}\"/>", least + self.dice.below(6)),
        }
    }

    fn text(&mut self) -> String {
        let base = self.dice.pick(TEXTS);
        let lengths = self.lengths();
        let space = match (base, self.dice.below(4)) {
            ("string", 0) => "<xs:whiteSpace value=\"collapse\"/>",
            ("string" | "normalizedString", 1) => "<xs:whiteSpace value=\"replace\"/>",
            _ => "",
        };
        format!("<xs:restriction base=\"xs:{base}\">{lengths}{space}</xs:restriction>")
    }

    fn octets(&mut self) -> String {
        // Not base64Binary: libxml2 passes over characters that are none of it.
        let lengths = self.lengths();
        format!("<xs:restriction base=\"xs:hexBinary\">{lengths}</xs:restriction>")
    }

    fn number(&mut self) -> String {
        if self.dice.percent(20) {
            let base = self.dice.pick(&["float", "double"]);
            let (from, to) = (self.dice.pick(&["Inclusive", "Exclusive"]), self.dice.pick(&["Inclusive", "Exclusive"]));
            return format!(
                "<xs:restriction base=\"xs:{base}\"><xs:min{from} value=\"-1.5\"/><xs:max{to} value=\"1e3\"/></xs:restriction>"
            );
        }
        let base = self.dice.pick(NUMBERS);
        let negative = matches!(base, "nonPositiveInteger" | "negativeInteger");
        let (low, high) = if negative { (-90, -1) } else { (1, 100) };
        let mut facets = String::new();
        if self.dice.percent(70) {
            let (from, to) = (self.dice.pick(&["Inclusive", "Exclusive"]), self.dice.pick(&["Inclusive", "Exclusive"]));
            facets.push_str(&format!("<xs:min{from} value=\"{low}\"/><xs:max{to} value=\"{high}\"/>"));
        }
        if self.dice.percent(40) {
            facets.push_str(&format!("<xs:totalDigits value=\"{}\"/>", 2 + self.dice.below(4)));
        }
        if base == "decimal" && self.dice.percent(60) {
            facets.push_str(&format!("<xs:fractionDigits value=\"{}\"/>", self.dice.below(3)));
        }
        format!("<xs:restriction base=\"xs:{base}\">{facets}</xs:restriction>")
    }

    /// Not times of day: where only one of two has a zone, libxml2 orders them where the standard does not.
    fn moment(&mut self) -> String {
        let (base, low, high) = [
            ("date", "2020-01-31", "2030-12-31"),
            ("dateTime", "2020-01-01T00:00:00Z", "2030-01-01T00:00:00Z"),
            ("gYear", "1999", "2050"),
            ("gYearMonth", "1999-02", "2050-11"),
            ("duration", "PT1S", "P10D"),
        ][self.dice.below(5)];
        let (from, to) = (self.dice.pick(&["Inclusive", "Exclusive"]), self.dice.pick(&["Inclusive", "Exclusive"]));
        format!(
            "<xs:restriction base=\"xs:{base}\"><xs:min{from} value=\"{low}\"/><xs:max{to} value=\"{high}\"/></xs:restriction>"
        )
    }

    fn enumeration(&mut self) -> String {
        let (base, values): (&str, &[&str]) = [
            ("string", &["a", "ab", "Дом", "x y"][..]),
            ("token", &["a b", "c", "1"]),
            ("integer", &["1", "02", "300"]),
            ("decimal", &["1.50", "2", "-3.0"]),
            ("date", &["2026-01-01", "2024-02-29"]),
            ("NMTOKEN", &["a", "1", "-x"]),
        ][self.dice.below(6)];
        let values: String = values.iter().map(|value| format!("<xs:enumeration value=\"{value}\"/>")).collect();
        format!("<xs:restriction base=\"xs:{base}\">{values}</xs:restriction>")
    }

    fn list(&mut self) -> String {
        let item = self.dice.pick(&["int", "NMTOKEN", "date", "decimal", "boolean"]);
        let lengths = self.lengths();
        format!(
            "<xs:restriction><xs:simpleType><xs:list itemType=\"xs:{item}\"/></xs:simpleType>{lengths}</xs:restriction>"
        )
    }

    fn union(&mut self) -> String {
        let members =
            ["xs:int xs:date", "xs:boolean xs:NCName", "xs:decimal xs:boolean", "xs:date xs:dateTime xs:gYear"];
        let members = self.dice.pick(&members);
        let own = if self.dice.percent(50) {
            "<xs:simpleType><xs:restriction base=\"xs:string\"><xs:enumeration value=\"нет\"/></xs:restriction></xs:simpleType>"
        } else {
            ""
        };
        format!("<xs:union memberTypes=\"{members}\">{own}</xs:union>")
    }

    /// An occurrence of a particle.
    fn occurs(&mut self) -> String {
        match self.dice.below(8) {
            0..=2 => String::new(),
            3 => " minOccurs=\"0\"".to_owned(),
            4 => " maxOccurs=\"unbounded\"".to_owned(),
            5 => " minOccurs=\"0\" maxOccurs=\"unbounded\"".to_owned(),
            6 => format!(" minOccurs=\"0\" maxOccurs=\"{}\"", 1 + self.dice.below(4)),
            _ => {
                let least = self.dice.below(3);
                format!(" minOccurs=\"{least}\" maxOccurs=\"{}\"", least + 1 + self.dice.below(3))
            }
        }
    }

    /// A local element with a name of its own, so that no model is ambiguous.
    fn element(&mut self, depth: usize) -> String {
        let occurs = self.occurs();
        let name = format!("e{}", self.elements);
        self.elements += 1;
        if depth > 0 && self.dice.percent(35) {
            let content = self.complex(depth - 1);
            return format!("<xs:element name=\"{name}\"{occurs}>{content}</xs:element>\n");
        }
        match self.dice.below(12) {
            0 => format!("<xs:element name=\"{name}\"{occurs} type=\"xs:int\" nillable=\"true\"/>"),
            // libxml2 compares fixed values as they are written, not as they are meant: only texts are fixed.
            1 => format!("<xs:element name=\"{name}\"{occurs} type=\"xs:string\" fixed=\"a b\"/>"),
            2 => format!("<xs:element name=\"{name}\"{occurs} type=\"xs:NMTOKEN\" fixed=\"a-1\"/>"),
            3 => format!("<xs:element name=\"{name}\"{occurs} type=\"xs:int\" default=\"5\"/>"),
            4 => {
                let simple = self.simple_type("");
                format!("<xs:element name=\"{name}\"{occurs}>{simple}</xs:element>")
            }
            5 => format!("<xs:element name=\"{name}\"{occurs} type=\"{}Base\"/>", self.prefix),
            6 => format!("<xs:element name=\"{name}\"{occurs} type=\"{}Money\"/>", self.prefix),
            7 => format!("<xs:element name=\"{name}\"{occurs}/>"),
            _ => {
                let simple = self.simple();
                format!("<xs:element name=\"{name}\"{occurs} type=\"{simple}\"/>\n")
            }
        }
    }

    fn complex(&mut self, depth: usize) -> String {
        let mixed = if self.dice.percent(15) { " mixed=\"true\"" } else { "" };
        if self.dice.percent(12) {
            let attributes = self.attributes("");
            return format!("<xs:complexType{mixed}>{attributes}</xs:complexType>");
        }
        let kind = self.dice.pick(&["sequence", "sequence", "choice", "all"]);
        let model = self.model(kind, depth);
        let attributes = self.attributes("");
        format!("<xs:complexType{mixed}>{model}{attributes}</xs:complexType>")
    }

    fn model(&mut self, kind: &str, depth: usize) -> String {
        let least = regex::Regex::new(" minOccurs=\"[1-9][0-9]*\"").unwrap();
        let most = regex::Regex::new(" maxOccurs=\"[^\"]*\"").unwrap();
        let mut parts = String::new();
        for _ in 0..=self.dice.below(4) {
            if kind == "all" {
                let element = self.element(0);
                // Members of `all` occur once at most.
                parts.push_str(&most.replace(&least.replace(&element, ""), ""));
            } else if depth > 0 && self.dice.percent(25) {
                let inner = self.dice.pick(&["sequence", "choice"]);
                let model = self.model(inner, depth - 1);
                parts.push_str(&model);
            } else {
                let element = self.element(depth);
                parts.push_str(&element);
            }
        }
        // Groups are counted to one or to any number: libxml2 loses count where counted groups that may be empty nest.
        let usual =
            ["", "", " minOccurs=\"0\"", " maxOccurs=\"unbounded\"", " minOccurs=\"0\" maxOccurs=\"unbounded\""];
        let occurs = if kind == "all" { "" } else { self.dice.pick(&usual) };
        format!("<xs:{kind}{occurs}>{parts}</xs:{kind}>\n")
    }

    /// Attributes of one type; those of a group begin with its letter.
    fn attributes(&mut self, letter: &str) -> String {
        let mut attributes = String::new();
        for number in 0..self.dice.below(4) {
            let simple = self.simple();
            let rest = match self.dice.below(6) {
                0 | 1 => format!("type=\"{simple}\" use=\"required\""),
                2 => "type=\"xs:string\" fixed=\"7\"".to_owned(),
                3 => "type=\"xs:token\" default=\"a\"".to_owned(),
                _ => format!("type=\"{simple}\""),
            };
            attributes.push_str(&format!("<xs:attribute name=\"{letter}a{number}\" {rest}/>"));
        }
        attributes
    }

    /// Named complex types that derive from each other.
    fn derived(&mut self) -> String {
        let t = self.prefix;
        let (one, two) = (self.simple(), self.simple());
        let base_abstract = if self.dice.percent(40) { " abstract=\"true\"" } else { "" };
        let block = if self.dice.percent(20) { " block=\"restriction\"" } else { "" };
        format!(
            "<xs:complexType name=\"Base\"{base_abstract}{block}><xs:sequence><xs:element name=\"b0\" type=\"{one}\"/>\
             <xs:element name=\"b1\" type=\"xs:date\" minOccurs=\"0\" maxOccurs=\"3\"/></xs:sequence>\
             <xs:attribute name=\"a0\" type=\"{two}\"/></xs:complexType>\n\
             <xs:complexType name=\"More\"><xs:complexContent><xs:extension base=\"{t}Base\"><xs:sequence>\
             <xs:element name=\"m0\" type=\"xs:byte\" maxOccurs=\"2\"/></xs:sequence><xs:attribute name=\"a1\" \
             type=\"xs:boolean\" use=\"required\"/></xs:extension></xs:complexContent></xs:complexType>\n\
             <xs:complexType name=\"Less\"><xs:complexContent><xs:restriction base=\"{t}Base\"><xs:sequence>\
             <xs:element name=\"b0\" type=\"{one}\"/><xs:element name=\"b1\" type=\"xs:date\"/></xs:sequence>\
             <xs:attribute name=\"a0\" type=\"{two}\" use=\"required\"/></xs:restriction></xs:complexContent>\
             </xs:complexType>\n\
             <xs:complexType name=\"Money\"><xs:simpleContent><xs:extension base=\"xs:decimal\"><xs:attribute \
             name=\"currency\" type=\"xs:NMTOKEN\" default=\"RUB\"/></xs:extension></xs:simpleContent></xs:complexType>\n\
             <xs:complexType name=\"Price\"><xs:simpleContent><xs:restriction base=\"{t}Money\"><xs:minExclusive \
             value=\"0\"/><xs:fractionDigits value=\"2\"/></xs:restriction></xs:simpleContent></xs:complexType>\n"
        )
    }

    /// A head and what may stand for it.
    fn substitutes(&mut self) -> String {
        let t = self.prefix;
        let head_abstract = if self.dice.percent(50) { " abstract=\"true\"" } else { "" };
        format!(
            "<xs:element name=\"head\" type=\"xs:decimal\"{head_abstract}/>\n\
             <xs:element name=\"item\" type=\"xs:integer\" substitutionGroup=\"{t}head\"/>\n\
             <xs:element name=\"part\" type=\"xs:positiveInteger\" substitutionGroup=\"{t}item\"/>\n"
        )
    }

    fn root(&mut self) -> String {
        let t = self.prefix;
        let mut parts = String::new();
        for _ in 0..3 {
            let part = if self.dice.percent(40) { self.model("choice", 2) } else { self.element(2) };
            parts.push_str(&part);
        }
        if self.dice.percent(60) {
            parts.push_str(&format!("<xs:group ref=\"{t}G\" minOccurs=\"0\"/>"));
        }
        if self.dice.percent(60) {
            parts.push_str(&format!("<xs:element ref=\"{t}head\" minOccurs=\"0\" maxOccurs=\"3\"/>"));
        }
        let key = self.dice.pick(&["xs:int", "xs:token", "xs:date", "xs:decimal"]);
        parts.push_str(&format!(
            "<xs:element name=\"row\" minOccurs=\"0\" maxOccurs=\"unbounded\"><xs:complexType><xs:sequence><xs:element \
             name=\"code\" type=\"{key}\"/></xs:sequence><xs:attribute name=\"n\" type=\"xs:int\"/></xs:complexType>\
             </xs:element>\n<xs:element name=\"use\" type=\"{key}\" minOccurs=\"0\" maxOccurs=\"unbounded\"/>\n"
        ));
        if self.dice.percent(30) {
            let process = self.dice.pick(&["lax", "skip"]);
            parts.push_str(&format!("<xs:any namespace=\"##other\" processContents=\"{process}\" minOccurs=\"0\"/>"));
        }
        let attributes =
            if self.dice.percent(50) { format!("<xs:attributeGroup ref=\"{t}AG\"/>") } else { String::new() };
        let any =
            if self.dice.percent(30) { "<xs:anyAttribute namespace=\"##other\" processContents=\"lax\"/>" } else { "" };
        // Paths of local elements have a prefix where these are qualified; this one has it in both ways.
        format!(
            "<xs:element name=\"root\"><xs:complexType><xs:sequence>{parts}</xs:sequence>{attributes}{any}</xs:complexType>\n\
             <xs:unique name=\"U\"><xs:selector xpath=\"*\"/><xs:field xpath=\"@n\"/></xs:unique>\n\
             <xs:key name=\"C\"><xs:selector xpath=\"{t}row|row\"/><xs:field xpath=\"{t}code|code\"/></xs:key>\n\
             <xs:keyref name=\"R\" refer=\"{t}C\"><xs:selector xpath=\"{t}use|use\"/><xs:field xpath=\".\"/></xs:keyref>\n\
             </xs:element>\n"
        )
    }
}
