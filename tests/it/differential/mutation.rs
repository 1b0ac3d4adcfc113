//! Changes to a document: elements and attributes dropped, doubled, reordered, renamed, moved; values changed to what lies
//! at the borders of types and facets.

/// Random numbers: `SplitMix64`.
#[derive(Debug, Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which is not 0.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).unwrap()
    }

    pub(crate) fn pick<'t, T: ?Sized>(&mut self, from: &[&'t T]) -> &'t T {
        from[self.below(from.len())]
    }

    /// True in so many of a hundred throws.
    pub(crate) fn percent(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
}

/// Values at the borders of something. White space at the ends, `-0` and the like are not among them: libxml2 does not
/// always collapse the white space of numbers and dates, refuses signs of unsigned numbers, decimals of
/// more than 24 digits, years beyond 64 bits, and in names the letters that only the fifth edition of XML 1.0 allows.
const VALUES: &[&str] = &[
    "",
    " ",
    "0",
    "-0",
    "1",
    "-1",
    "00",
    "1.0",
    "1.",
    ".5",
    "1.10",
    "0.001",
    "12345678901",
    "-999999999999.99",
    "127",
    "128",
    "-128",
    "-129",
    "255",
    "256",
    "32767",
    "32768",
    "2147483647",
    "2147483648",
    "4294967295",
    "4294967296",
    "1e3",
    "1E-400",
    "INF",
    "-INF",
    "NaN",
    "true",
    "false",
    "TRUE",
    "2026-02-28",
    "2026-02-29",
    "2024-02-29",
    "0000-01-01",
    "-0001-01-01",
    "10000-01-01",
    "2026-13-01",
    "2026-01-01Z",
    "2026-01-01+14:00",
    "2026-01-01+14:01",
    "2026-01-01T00:00:00",
    "2026-01-01T24:00:00",
    "2026-01-01T23:59:60",
    "2026-01-01T00:00:00.000Z",
    "2026-1-1",
    "00:00:00",
    "24:00:00",
    "24:00:01",
    "P1D",
    "PT0S",
    "-P1Y2M3DT4H5M6.7S",
    "P",
    "P1YT",
    "P1.5D",
    "P12M",
    "P30D",
    "--02-29",
    "--02-30",
    "---31",
    "--12",
    "2026",
    "2026-12",
    "0A",
    "0a1",
    "QUJD",
    "QUI=",
    "QQ==",
    "Q Q = =",
    "Q",
    "a",
    "b",
    "ab",
    "abc",
    "a b",
    "a  b",
    "a\tb",
    "x:y",
    "ru-RU",
    "a_b",
    "-a",
    "1a",
    "Дом",
    "дом",
    "id-1",
    "id-2",
    "é",
    "http://example.org/",
    "%zz",
    "::",
    "один два",
    "a a a a a a a a",
    "АБВ",
    "A1",
    "aa11",
];
const NAMES: &[&str] = &["e0", "e1", "e2", "e3", "e4", "e5", "item", "nobody", "x"];

#[derive(Debug, Clone)]
struct Element {
    /// Start tag up to the attributes, as written.
    name: String,
    attributes: Vec<(String, String)>,
    children: Vec<Child>,
}

#[derive(Debug, Clone)]
enum Child {
    Element(Element),
    Text(String),
}

/// A document changed in one to three ways.
pub(crate) fn changed(text: &str, dice: &mut Dice) -> String {
    let document = roxmltree::Document::parse(text).expect("samples are well-formed");
    let mut root = read(document.root_element(), text);
    for _ in 0..=dice.below(3) {
        change(&mut root, dice);
    }
    let mut out = String::new();
    write(&root, &mut out);
    out
}

fn read(node: roxmltree::Node<'_, '_>, text: &str) -> Element {
    // Names and attributes as they are written, prefixes and declarations included.
    let tag = &text[node.range()];
    let end = tag.find(['>', ' ', '/', '\n']).unwrap();
    let name = tag[1..end].to_owned();
    let mut attributes = Vec::new();
    let head = &tag[end..];
    let mut rest = head[..head_end(head)].trim_end_matches('/').trim();
    while let Some((name, after)) = rest.split_once("=\"") {
        let (value, after) = after.split_once('"').unwrap();
        attributes.push((name.trim().to_owned(), value.to_owned()));
        rest = after;
    }
    let children = node
        .children()
        .filter_map(|child| match child.is_element() {
            true => Some(Child::Element(read(child, text))),
            false => child.text().map(|text| Child::Text(escaped(text))),
        })
        .collect();
    Element { name, attributes, children }
}

/// Where a start tag ends, values in quotes passed over.
fn head_end(head: &str) -> usize {
    let mut quoted = false;
    head.bytes()
        .position(|byte| {
            quoted ^= byte == b'"';
            byte == b'>' && !quoted
        })
        .unwrap()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\r', "&#13;")
}

fn write(element: &Element, out: &mut String) {
    out.push('<');
    out.push_str(&element.name);
    for (name, value) in &element.attributes {
        out.push_str(&format!(" {name}=\"{value}\""));
    }
    if element.children.is_empty() {
        out.push_str("/>");
        return;
    }
    out.push('>');
    for child in &element.children {
        match child {
            Child::Element(element) => write(element, out),
            Child::Text(text) => out.push_str(text),
        }
    }
    out.push_str(&format!("</{}>", element.name));
}

fn ways(element: &Element, way: &mut Vec<usize>, ways_found: &mut Vec<Vec<usize>>) {
    ways_found.push(way.clone());
    for (place, child) in element.children.iter().enumerate() {
        if let Child::Element(child) = child {
            way.push(place);
            ways(child, way, ways_found);
            way.pop();
        }
    }
}

fn at<'e>(root: &'e mut Element, way: &[usize]) -> &'e mut Element {
    let mut here = root;
    for place in way {
        let Child::Element(child) = &mut here.children[*place] else { unreachable!("ways lead to elements") };
        here = child;
    }
    here
}

fn change(root: &mut Element, dice: &mut Dice) {
    let mut all = Vec::new();
    ways(root, &mut Vec::new(), &mut all);
    let way = all[dice.below(all.len())].clone();
    let other = all[dice.below(all.len())].clone();
    let names: Vec<String> = all.iter().map(|way| at(root, way).name.clone()).collect();
    match dice.below(18) {
        // Values matter most.
        0..=5 => change_value(at(root, &way), dice),
        6 => {
            if let Some((last, parent)) = way.split_last() {
                at(root, parent).children.remove(*last);
            }
        }
        7 => {
            if let Some((last, parent)) = way.split_last() {
                let parent = at(root, parent);
                let copy = parent.children[*last].clone();
                parent.children.insert(*last, copy);
            }
        }
        8 => {
            let children = &mut at(root, &way).children;
            if children.len() > 1 {
                let (one, two) = (dice.below(children.len()), dice.below(children.len()));
                children.swap(one, two);
            }
        }
        // A root without a declaration that names its type is left out: libxml2 does not take that for a type.
        9 if !way.is_empty() => {
            let own = at(root, &way).name.clone();
            let prefix = own.split_once(':').map_or(String::new(), |(prefix, _)| format!("{prefix}:"));
            let name = if dice.percent(50) {
                format!("{prefix}{}", dice.pick(NAMES))
            } else {
                names[dice.below(names.len())].clone()
            };
            at(root, &way).name = name;
        }
        10 => {
            let element = at(root, &way);
            let own: Vec<usize> = (0..element.attributes.len())
                .filter(|place| !element.attributes[*place].0.starts_with("xmlns"))
                .collect();
            if !own.is_empty() {
                element.attributes.remove(own[dice.below(own.len())]);
            }
        }
        11 => {
            let name = dice.pick(&["a0", "a1", "a2", "nobody", "xml:lang", "code"]).to_owned();
            let value = dice.pick(VALUES).replace('<', "");
            let element = at(root, &way);
            if element.attributes.iter().all(|(known, _)| *known != name) {
                element.attributes.push((name, value.replace('\t', "&#9;")));
            }
        }
        12 => {
            // libxml2 does not look at `xsi:nil` where no declaration is, so it is always a boolean here.
            let nil = dice.pick(&["true", "false", "1"]).to_owned();
            let empty = dice.percent(50);
            let element = at(root, &way);
            if element.attributes.iter().all(|(known, _)| !known.starts_with("xsi:") && known != "xmlns:xsi") {
                element
                    .attributes
                    .push(("xmlns:xsi".to_owned(), "http://www.w3.org/2001/XMLSchema-instance".to_owned()));
                element.attributes.push(("xsi:nil".to_owned(), nil));
                if empty {
                    element.children.clear();
                }
            }
        }
        15 => {
            let name =
                dice.pick(&["Base", "More", "Less", "Money", "Price", "xs:int", "xs:token", "xs:anyType", "Nobody"]);
            let prefix = if names[0].contains(':') { "ns1:" } else { "" };
            let name = if name.contains(':') { name.to_owned() } else { format!("{prefix}{name}") };
            let element = at(root, &way);
            if element.attributes.iter().all(|(known, _)| !known.starts_with("xsi:") && known != "xmlns:xsi") {
                let pairs = [
                    ("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance"),
                    ("xmlns:xs", "http://www.w3.org/2001/XMLSchema"),
                    ("xsi:type", &name),
                ];
                element.attributes.extend(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())));
            }
        }
        13 => {
            let text = dice.pick(&["x", "1", "<!-- c -->", "<?p i?>", "<![CDATA[1]]>"]).to_owned();
            let children = &mut at(root, &way).children;
            let place = dice.below(children.len() + 1);
            children.insert(place, Child::Text(text));
        }
        // A root inside a root is left out: libxml2 merges the keys of both where the standard lets the outer ones win.
        14 if !other.is_empty() => {
            let copy = at(root, &other).clone();
            if names.len() < 400 {
                let children = &mut at(root, &way).children;
                let place = dice.below(children.len() + 1);
                children.insert(place, Child::Element(copy));
            }
        }
        _ => at(root, &way).children.clear(),
    }
}

/// Changes the text of an element, or the value of one of its attributes.
fn change_value(element: &mut Element, dice: &mut Dice) {
    let own: Vec<usize> =
        (0..element.attributes.len()).filter(|place| !element.attributes[*place].0.starts_with("xmlns")).collect();
    let texts: Vec<usize> =
        (0..element.children.len()).filter(|place| matches!(element.children[*place], Child::Text(_))).collect();
    if !own.is_empty() && (texts.is_empty() || dice.percent(40)) {
        let place = own[dice.below(own.len())];
        let value = other_value(&element.attributes[place].1, dice);
        element.attributes[place].1 = value.replace('"', "&quot;");
        return;
    }
    match texts.get(dice.below(texts.len().max(1))) {
        Some(place) => {
            let Child::Text(text) = &mut element.children[*place] else { unreachable!("these are texts") };
            // White space between elements stays, so that none comes to stand around values.
            if !text.trim().is_empty() {
                *text = other_value(text, dice);
            }
        }
        None if element.children.is_empty() => {
            element.children.push(Child::Text(dice.pick(VALUES).to_owned()));
        }
        None => {}
    }
}

/// Another value: from the list, or a neighbour of the old one.
fn other_value(old: &str, dice: &mut Dice) -> String {
    if old.contains('&') || dice.percent(40) {
        return dice.pick(VALUES).to_owned();
    }
    let mut letters: Vec<char> = old.chars().collect();
    let place = dice.below(letters.len().max(1));
    match dice.below(7) {
        0 if !letters.is_empty() => {
            letters.remove(place);
        }
        1 if !letters.is_empty() => letters.insert(place, letters[place]),
        2 if !letters.is_empty() => {
            letters[place] = dice.pick(&["0", "9", "a", "-", " ", "ж", "."]).chars().next().unwrap();
        }
        3 => letters.push(dice.pick(&["0", "1", "x", "Z"]).chars().next().unwrap()),
        4 => letters.truncate(letters.len() / 2),
        // libxml2 takes no empty port, so addresses are not doubled.
        5 if !old.contains("://") => letters.extend(letters.clone()),
        _ => {
            // A number one off.
            if let Ok(number) = old.trim().parse::<i128>() {
                return (number + if dice.percent(50) { 1 } else { -1 }).to_string();
            }
            letters.reverse();
        }
    }
    let value: String = letters.into_iter().collect();
    let is_nought =
        value.starts_with('-') && value.contains('0') && !value.contains(|digit| matches!(digit, '1'..='9'));
    if is_nought { "0".to_owned() } else { value.trim().to_owned() }
}
