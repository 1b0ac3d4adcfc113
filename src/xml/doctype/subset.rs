//! The internal subset (XML 1.0, sections 2.8, 3.2, 3.3, 4.2 and 4.7): the grammar of its declarations is checked, entities
//! and attribute defaults are kept, content models only read over: nothing is validated by them.

use std::collections::{BTreeSet, HashMap};

use super::super::{FaultCode, Limits, chars};
use super::cursor::{Cursor, Flaw};
use super::entity::{Entity, entity_value};

/// Parameter entities open inside one another at most.
const PARAMETER_DEPTH_MAX: usize = 64;

/// An attribute as an `ATTLIST` declares it.
#[derive(Debug)]
pub(super) struct DeclaredAttribute {
    pub(super) name: String,
    /// It is of a type other than `CDATA`, whose values are tokens.
    pub(super) tokens: bool,
    /// What stands for it where it is left out, normalized.
    pub(super) default: Option<String>,
}

/// What the DOCTYPE declares.
#[derive(Debug)]
pub(super) struct Subset {
    pub(super) entities: HashMap<String, Entity>,
    /// Replacement texts of parameter entities; none for those that lie elsewhere.
    parameters: HashMap<String, Option<String>>,
    /// By the name of the element, prefix included.
    pub(super) attributes: HashMap<String, Vec<DeclaredAttribute>>,
    pub(super) unparsed: BTreeSet<String>,
    /// Declarations may stand elsewhere, so that an entity that is not declared here is not an error of the document.
    pub(super) incomplete: bool,
    /// A parameter entity was not read, so that what is declared behind it does not count (section 5.1).
    unread: bool,
    /// Bytes that may still be put in for references.
    pub(super) budget: usize,
}

/// A text of declarations being read, and the parameter entity that it belongs to.
struct Source {
    cursor: Cursor<String>,
    entity: String,
}

impl Subset {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            entities: HashMap::new(),
            parameters: HashMap::new(),
            attributes: HashMap::new(),
            unparsed: BTreeSet::new(),
            incomplete: false,
            unread: false,
            budget: limits.expansion_bytes_max,
        }
    }

    /// Reads the DOCTYPE that begins here; the offset behind it.
    pub(super) fn read(&mut self, mut cursor: Cursor<&str>) -> Result<usize, Flaw> {
        cursor.expect("<!DOCTYPE")?;
        cursor.need_space()?;
        cursor.qname()?;
        let spaced = cursor.space();
        if matches!(cursor.peek(), Some(b'S' | b'P')) {
            if !spaced {
                return cursor.bad();
            }
            external_id(&mut cursor)?;
            self.incomplete = true;
            cursor.space();
        }
        if cursor.take("[") {
            self.declarations(&mut cursor)?;
            cursor.expect("]")?;
            cursor.space();
        }
        cursor.expect(">")?;
        Ok(cursor.offset())
    }

    /// Reads declarations up to the `]` of the subset, those of parameter entities among them.
    fn declarations(&mut self, outer: &mut Cursor<&str>) -> Result<(), Flaw> {
        let mut open: Vec<Source> = Vec::new();
        loop {
            let Some(source) = open.last_mut() else {
                outer.space();
                if outer.peek() == Some(b']') {
                    return Ok(());
                }
                let entity = self.declaration(outer)?;
                self.enter(entity, outer.place(), &mut open)?;
                continue;
            };
            source.cursor.space();
            if source.cursor.rest().is_empty() {
                open.pop();
                continue;
            }
            let place = source.cursor.place();
            let entity = self.declaration(&mut source.cursor)?;
            self.enter(entity, place, &mut open)?;
        }
    }

    /// Goes into the parameter entity that was referred to, if one was.
    fn enter(&mut self, entity: Option<String>, place: usize, open: &mut Vec<Source>) -> Result<(), Flaw> {
        let Some(entity) = entity else { return Ok(()) };
        match self.parameters.get(&entity) {
            Some(Some(text)) => {
                if open.iter().any(|source| source.entity == entity) {
                    return Err(Flaw(FaultCode::RecursiveEntity, place));
                }
                let text = text.clone();
                self.spend(text.len(), place)?;
                if open.len() == PARAMETER_DEPTH_MAX {
                    return Err(Flaw(FaultCode::ExpansionTooLarge, place));
                }
                open.push(Source { cursor: Cursor::over_entity(text, place), entity });
            }
            Some(None) => {
                self.incomplete = true;
                self.unread = true;
            }
            None if self.incomplete => self.unread = true,
            None => return Err(Flaw(FaultCode::UndefinedEntity, place)),
        }
        Ok(())
    }

    /// Counts bytes that are put in for a reference.
    pub(super) fn spend(&mut self, bytes: usize, place: usize) -> Result<(), Flaw> {
        // An empty entity costs time too.
        match self.budget.checked_sub(bytes + 1) {
            Some(left) => {
                self.budget = left;
                Ok(())
            }
            None => Err(Flaw(FaultCode::ExpansionTooLarge, place)),
        }
    }

    /// Reads one declaration; the name of the parameter entity where it is a reference to one.
    fn declaration<T: AsRef<str>>(&mut self, cursor: &mut Cursor<T>) -> Result<Option<String>, Flaw> {
        if cursor.take("%") {
            let name = cursor.ncname()?;
            cursor.expect(";")?;
            return Ok(Some(name));
        }
        if cursor.rest().is_empty() {
            return cursor.flaw(FaultCode::Truncated);
        }
        if cursor.take("<!--") {
            comment(cursor)?;
        } else if cursor.take("<?") {
            instruction(cursor)?;
        } else if cursor.take("<!ELEMENT") {
            element(cursor)?;
        } else if cursor.take("<!ATTLIST") {
            self.attribute_list(cursor)?;
        } else if cursor.take("<!ENTITY") {
            self.entity(cursor)?;
        } else if cursor.take("<!NOTATION") {
            notation(cursor)?;
        } else {
            return cursor.bad();
        }
        Ok(None)
    }

    fn entity<T: AsRef<str>>(&mut self, cursor: &mut Cursor<T>) -> Result<(), Flaw> {
        cursor.need_space()?;
        let parameter = cursor.take("%");
        if parameter {
            cursor.need_space()?;
        }
        let name = cursor.ncname()?;
        cursor.need_space()?;
        let mut unparsed = false;
        let value = if matches!(cursor.peek(), Some(b'"' | b'\'')) {
            let place = cursor.place();
            let base = (!cursor.is_in_entity()).then_some(place + 1);
            Some(entity_value(&cursor.quoted()?, place, base)?)
        } else {
            external_id(cursor)?;
            let spaced = cursor.space();
            if !parameter && cursor.take("NDATA") {
                if !spaced {
                    return cursor.bad();
                }
                cursor.need_space()?;
                cursor.ncname()?;
                unparsed = true;
            }
            None
        };
        cursor.space();
        cursor.expect(">")?;
        if self.unread {
            return Ok(());
        }
        // The first declaration counts.
        if parameter {
            self.parameters.entry(name).or_insert(value);
        } else if !self.entities.contains_key(&name) {
            if unparsed {
                self.unparsed.insert(name.clone());
            }
            let entity = match value {
                Some(text) => Entity::Internal(text),
                None if unparsed => Entity::Unparsed,
                None => Entity::External,
            };
            self.entities.insert(name, entity);
        }
        Ok(())
    }

    fn attribute_list<T: AsRef<str>>(&mut self, cursor: &mut Cursor<T>) -> Result<(), Flaw> {
        cursor.need_space()?;
        let element = cursor.qname()?;
        loop {
            let spaced = cursor.space();
            if cursor.take(">") {
                return Ok(());
            }
            if !spaced {
                return cursor.bad();
            }
            let name = cursor.qname()?;
            cursor.need_space()?;
            let tokens = attribute_type(cursor)?;
            cursor.need_space()?;
            let default = self.default(cursor, tokens)?;
            if self.unread {
                continue;
            }
            let declared = self.attributes.entry(element.clone()).or_default();
            if !declared.iter().any(|known| known.name == name) {
                declared.push(DeclaredAttribute { name, tokens, default });
            }
        }
    }

    fn default<T: AsRef<str>>(&mut self, cursor: &mut Cursor<T>, tokens: bool) -> Result<Option<String>, Flaw> {
        if cursor.take("#REQUIRED") || cursor.take("#IMPLIED") {
            return Ok(None);
        }
        if cursor.take("#FIXED") {
            cursor.need_space()?;
        }
        let place = cursor.place();
        let written = cursor.quoted()?;
        super::entity::attribute_value(self, &written, tokens, place).map(Some)
    }
}

fn comment<T: AsRef<str>>(cursor: &mut Cursor<T>) -> Result<(), Flaw> {
    cursor.until("--")?;
    if cursor.take(">") { Ok(()) } else { cursor.flaw(FaultCode::BadComment) }
}

fn instruction<T: AsRef<str>>(cursor: &mut Cursor<T>) -> Result<(), Flaw> {
    let place = cursor.place();
    let body = cursor.until("?>")?;
    let target = body.split(chars::is_space).next().unwrap_or("");
    if chars::is_ncname(target) && !target.eq_ignore_ascii_case("xml") {
        Ok(())
    } else {
        Err(Flaw(FaultCode::BadInstruction, place))
    }
}

/// `SYSTEM "…"` or `PUBLIC "…" "…"`.
fn external_id<T: AsRef<str>>(cursor: &mut Cursor<T>) -> Result<(), Flaw> {
    if cursor.take("PUBLIC") {
        cursor.need_space()?;
        public_id(cursor)?;
    } else {
        cursor.expect("SYSTEM")?;
    }
    cursor.need_space()?;
    cursor.quoted().map(drop)
}

fn public_id<T: AsRef<str>>(cursor: &mut Cursor<T>) -> Result<(), Flaw> {
    let place = cursor.place();
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b" \r\n-'()+,./:=?;!*#@$_%".contains(&byte);
    if cursor.quoted()?.bytes().all(allowed) { Ok(()) } else { Err(Flaw(FaultCode::BadDoctype, place)) }
}

fn notation<T: AsRef<str>>(cursor: &mut Cursor<T>) -> Result<(), Flaw> {
    cursor.need_space()?;
    cursor.ncname()?;
    cursor.need_space()?;
    if cursor.take("PUBLIC") {
        cursor.need_space()?;
        public_id(cursor)?;
        let spaced = cursor.space();
        if matches!(cursor.peek(), Some(b'"' | b'\'')) {
            if !spaced {
                return cursor.bad();
            }
            cursor.quoted()?;
        }
    } else {
        external_id(cursor)?;
    }
    cursor.space();
    cursor.expect(">")
}

/// The type of an attribute; whether its values are tokens.
fn attribute_type<T: AsRef<str>>(cursor: &mut Cursor<T>) -> Result<bool, Flaw> {
    // The longer of two words with one beginning comes first.
    const TOKENS: [&str; 7] = ["IDREFS", "IDREF", "ID", "ENTITIES", "ENTITY", "NMTOKENS", "NMTOKEN"];
    if cursor.take("CDATA") {
        return Ok(false);
    }
    if TOKENS.iter().any(|word| cursor.take(word)) {
        return Ok(true);
    }
    let notation = cursor.take("NOTATION");
    if notation {
        cursor.need_space()?;
    }
    cursor.expect("(")?;
    loop {
        cursor.space();
        if notation {
            cursor.ncname()?
        } else {
            cursor.nmtoken()?
        };
        cursor.space();
        if cursor.take(")") {
            return Ok(true);
        }
        cursor.expect("|")?;
    }
}

/// `ELEMENT`: a content model, read over.
fn element<T: AsRef<str>>(cursor: &mut Cursor<T>) -> Result<(), Flaw> {
    cursor.need_space()?;
    cursor.qname()?;
    cursor.need_space()?;
    if !cursor.take("EMPTY") && !cursor.take("ANY") {
        cursor.expect("(")?;
        cursor.space();
        if cursor.take("#PCDATA") { mixed(cursor)? } else { children(cursor)? }
    }
    cursor.space();
    cursor.expect(">")
}

/// Mixed content behind its `#PCDATA`.
fn mixed<T: AsRef<str>>(cursor: &mut Cursor<T>) -> Result<(), Flaw> {
    let mut names = 0;
    loop {
        cursor.space();
        if cursor.take(")") {
            let starred = cursor.take("*");
            return if starred || names == 0 { Ok(()) } else { cursor.bad() };
        }
        cursor.expect("|")?;
        cursor.space();
        cursor.qname()?;
        names += 1;
    }
}

/// Element content behind its first parenthesis.
fn children<T: AsRef<str>>(cursor: &mut Cursor<T>) -> Result<(), Flaw> {
    // For each open parenthesis, what its parts are separated by, once that is known.
    let mut open: Vec<Option<u8>> = vec![None];
    loop {
        cursor.space();
        if cursor.take("(") {
            open.push(None);
            continue;
        }
        cursor.qname()?;
        occurrence(cursor);
        loop {
            cursor.space();
            if cursor.take(")") {
                open.pop();
                occurrence(cursor);
                if open.is_empty() {
                    return Ok(());
                }
                continue;
            }
            let Some(mark @ (b'|' | b',')) = cursor.peek() else { return cursor.bad() };
            cursor.skip(1);
            match open.last_mut() {
                Some(separator @ None) => *separator = Some(mark),
                Some(Some(known)) if *known == mark => {}
                _ => return cursor.bad(),
            }
            break;
        }
    }
}

fn occurrence<T: AsRef<str>>(cursor: &mut Cursor<T>) {
    if matches!(cursor.peek(), Some(b'?' | b'*' | b'+')) {
        cursor.skip(1);
    }
}
