//! Regular expressions of XML Schema once more, as plainly as can be: read by the grammar of Part 2, appendix F, and matched by
//! carrying the set of places that have been reached, so that nothing is ever gone back over. Slow, for small inputs only.

use std::collections::BTreeSet;

use regex::Regex;

/// Repetitions beyond this are left to others.
const COUNT_MAX: usize = 60;

/// Why an expression has no reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// It is no expression.
    Wrong,
    /// It may be one, but is more than the reference is for.
    Beyond,
}

/// An expression.
#[derive(Debug)]
pub enum Expression {
    /// One character of a class.
    One(Class),
    /// One after the other.
    All(Vec<Expression>),
    /// One of them.
    Any(Vec<Expression>),
    /// So many times.
    Times(Box<Expression>, usize, Option<usize>),
}

/// Characters.
#[derive(Debug)]
pub enum Class {
    /// From the first to the last.
    Range(char, char),
    /// `.`
    NoLineEnd,
    /// `\s`, `\d` and so on, by their lower-case letter.
    Multi(char),
    /// A general category.
    Category(Regex),
    /// All but these.
    Not(Box<Class>),
    /// Those of the first list without those of the second.
    Group(Vec<Class>, Vec<Class>),
}

impl Class {
    fn has(&self, character: char) -> bool {
        let mut buffer = [0; 4];
        let text: &str = character.encode_utf8(&mut buffer);
        match self {
            Self::Range(first, last) => (*first..=*last).contains(&character),
            Self::NoLineEnd => !matches!(character, '\n' | '\r'),
            Self::Multi('s') => mezhved::xml::is_space(character),
            Self::Multi('i') => mezhved::xml::is_name(text),
            Self::Multi('c') => mezhved::xml::is_nmtoken(text),
            Self::Multi('d') => category("Nd").is_match(text),
            Self::Multi(_) => !["P", "Z", "C"].iter().any(|name| category(name).is_match(text)),
            Self::Category(category) => category.is_match(text),
            Self::Not(class) => !class.has(character),
            Self::Group(these, but) => {
                these.iter().any(|class| class.has(character)) && !but.iter().any(|class| class.has(character))
            }
        }
    }
}

fn category(name: &str) -> Regex {
    Regex::new(&format!("^\\p{{{name}}}$")).unwrap()
}

impl Expression {
    /// Reads an expression.
    ///
    /// # Errors
    /// It is none, or is too much.
    pub fn parse(source: &str) -> Result<Self, Stop> {
        let mut parser = Parser { rest: source.chars().collect(), at: 0 };
        let expression = parser.branches()?;
        if parser.at < parser.rest.len() { Err(Stop::Wrong) } else { Ok(expression) }
    }

    /// Whether the whole of `text` is matched.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        let text: Vec<char> = text.chars().collect();
        self.reach(&text, &BTreeSet::from([0])).contains(&text.len())
    }

    /// The places that are reached from some of `from`.
    fn reach(&self, text: &[char], from: &BTreeSet<usize>) -> BTreeSet<usize> {
        match self {
            Self::One(class) => {
                let next = |at: &usize| text.get(*at).filter(|character| class.has(**character)).map(|_| at + 1);
                from.iter().filter_map(next).collect()
            }
            Self::All(parts) => parts.iter().fold(from.clone(), |reached, part| part.reach(text, &reached)),
            Self::Any(parts) => parts.iter().flat_map(|part| part.reach(text, from)).collect(),
            Self::Times(part, least, most) => {
                let mut now = (0..*least).fold(from.clone(), |reached, _| part.reach(text, &reached));
                let mut all = now.clone();
                let mut rounds = *least;
                while most.is_none_or(|most| rounds < most) {
                    now = part.reach(text, &now).difference(&all).copied().collect();
                    if now.is_empty() {
                        break;
                    }
                    all.extend(&now);
                    rounds += 1;
                }
                all
            }
        }
    }
}

struct Parser {
    rest: Vec<char>,
    at: usize,
}

impl Parser {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.rest.get(self.at + ahead).copied()
    }

    fn take(&mut self, wanted: char) -> bool {
        let found = self.peek(0) == Some(wanted);
        self.at += usize::from(found);
        found
    }

    fn branches(&mut self) -> Result<Expression, Stop> {
        let mut branches = vec![self.branch()?];
        while self.take('|') {
            branches.push(self.branch()?);
        }
        Ok(Expression::Any(branches))
    }

    fn branch(&mut self) -> Result<Expression, Stop> {
        let mut pieces = Vec::new();
        while self.peek(0).is_some_and(|next| next != '|' && next != ')') {
            let atom = self.atom()?;
            pieces.push(self.quantified(atom)?);
        }
        Ok(Expression::All(pieces))
    }

    fn quantified(&mut self, atom: Expression) -> Result<Expression, Stop> {
        let (least, most) = match self.peek(0) {
            Some('?') => (0, Some(1)),
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('{') => return self.counted(atom),
            _ => return Ok(atom),
        };
        self.at += 1;
        Ok(Expression::Times(Box::new(atom), least, most))
    }

    fn counted(&mut self, atom: Expression) -> Result<Expression, Stop> {
        self.at += 1;
        let least = self.number()?;
        let most = match self.take(',') {
            true if self.peek(0) == Some('}') => None,
            true => Some(self.number()?),
            false => Some(least),
        };
        if !self.take('}') || most.is_some_and(|most| most < least) {
            return Err(Stop::Wrong);
        }
        if least > COUNT_MAX || most.is_some_and(|most| most > COUNT_MAX) {
            return Err(Stop::Beyond);
        }
        Ok(Expression::Times(Box::new(atom), least, most))
    }

    fn number(&mut self) -> Result<usize, Stop> {
        let mut digits = String::new();
        while let Some(digit) = self.peek(0).filter(char::is_ascii_digit) {
            digits.push(digit);
            self.at += 1;
        }
        if digits.is_empty() { Err(Stop::Wrong) } else { digits.parse().map_err(|_| Stop::Beyond) }
    }

    fn atom(&mut self) -> Result<Expression, Stop> {
        let Some(next) = self.peek(0) else { return Err(Stop::Wrong) };
        let class = match next {
            '(' => {
                self.at += 1;
                let inner = self.branches()?;
                return if self.take(')') { Ok(inner) } else { Err(Stop::Wrong) };
            }
            '.' => Class::NoLineEnd,
            '\\' => return self.escape().map(Expression::One),
            '[' => return self.class().map(Expression::One),
            '?' | '*' | '+' | '{' | '}' | ']' | ')' => return Err(Stop::Wrong),
            _ => Class::Range(next, next),
        };
        self.at += 1;
        Ok(Expression::One(class))
    }

    /// An escape: of one character as a range of one.
    fn escape(&mut self) -> Result<Class, Stop> {
        let Some(letter) = self.peek(1) else { return Err(Stop::Wrong) };
        self.at += 2;
        let one = |character| Ok(Class::Range(character, character));
        match letter {
            'n' => one('\n'),
            'r' => one('\r'),
            't' => one('\t'),
            '\\' | '|' | '.' | '?' | '*' | '+' | '(' | ')' | '{' | '}' | '-' | '[' | ']' | '^' => one(letter),
            's' | 'i' | 'c' | 'd' | 'w' => Ok(Class::Multi(letter)),
            'S' | 'I' | 'C' | 'D' | 'W' => Ok(Class::Not(Box::new(Class::Multi(letter.to_ascii_lowercase())))),
            'p' => self.property(),
            'P' => self.property().map(|class| Class::Not(Box::new(class))),
            _ => Err(Stop::Wrong),
        }
    }

    fn property(&mut self) -> Result<Class, Stop> {
        if !self.take('{') {
            return Err(Stop::Wrong);
        }
        let mut name = String::new();
        while let Some(next) = self.peek(0).filter(|next| *next != '}') {
            name.push(next);
            self.at += 1;
        }
        if !self.take('}') {
            return Err(Stop::Wrong);
        }
        match name.as_str() {
            "IsBasicLatin" => Ok(Class::Group(vec![Class::Range('\0', '\u{7F}')], Vec::new())),
            "IsCyrillic" => Ok(Class::Group(vec![Class::Range('\u{400}', '\u{4FF}')], Vec::new())),
            "IsGreek" => Ok(Class::Group(vec![Class::Range('\u{370}', '\u{3FF}')], Vec::new())),
            _ if name.starts_with("Is") => Err(Stop::Beyond),
            "L" | "Lu" | "Ll" | "Lt" | "Lm" | "Lo" | "M" | "Mn" | "Mc" | "Me" | "N" | "Nd" | "Nl" | "No" | "P"
            | "Pc" | "Pd" | "Ps" | "Pe" | "Pi" | "Pf" | "Po" | "Z" | "Zs" | "Zl" | "Zp" | "S" | "Sm" | "Sc" | "Sk"
            | "So" | "C" | "Cc" | "Cf" | "Co" | "Cn" => Ok(Class::Category(category(&name))),
            _ => Err(Stop::Wrong),
        }
    }

    /// A class in brackets.
    fn class(&mut self) -> Result<Class, Stop> {
        self.at += 1;
        let negated = self.take('^');
        let mut members = Vec::new();
        let mut but = Vec::new();
        loop {
            let first = members.is_empty();
            match (self.peek(0), self.peek(1)) {
                (Some(']'), _) if !first => break,
                (Some('-'), Some('[')) if !first => {
                    self.at += 1;
                    but.push(self.class()?);
                    if self.peek(0) != Some(']') {
                        return Err(Stop::Wrong);
                    }
                    break;
                }
                (Some('-'), after) => {
                    // A hyphen stands for itself at the beginning and at the end, before a subtraction too.
                    let last = after == Some(']') || (after == Some('-') && self.peek(2) == Some('['));
                    if !first && !last {
                        return Err(Stop::Wrong);
                    }
                    self.at += 1;
                    members.push(Class::Range('-', '-'));
                }
                _ => members.push(self.member()?),
            }
        }
        self.at += 1;
        let members = if negated { vec![Class::Not(Box::new(Class::Group(members, Vec::new())))] } else { members };
        Ok(Class::Group(members, but))
    }

    /// A class escape, a character, or a range.
    fn member(&mut self) -> Result<Class, Stop> {
        let first = match self.character()? {
            Class::Range(first, _) => first,
            class => return Ok(class),
        };
        let ranges = self.peek(0) == Some('-') && self.peek(1).is_some_and(|next| !matches!(next, ']' | '[' | '-'));
        if !ranges {
            return Ok(Class::Range(first, first));
        }
        self.at += 1;
        match self.character()? {
            Class::Range(last, _) if last >= first => Ok(Class::Range(first, last)),
            _ => Err(Stop::Wrong),
        }
    }

    /// An escape or a character that stands for itself in a class.
    fn character(&mut self) -> Result<Class, Stop> {
        match self.peek(0) {
            None | Some('[' | ']') => Err(Stop::Wrong),
            Some('\\') => self.escape(),
            Some(character) => {
                self.at += 1;
                Ok(Class::Range(character, character))
            }
        }
    }
}
