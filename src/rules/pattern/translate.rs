//! The translation: reads an expression by the grammar of the standard and writes the same in the syntax of `regex`.

use super::blocks;
use super::classes::{self, CATEGORIES};
use super::{PatternFault, Strictness};

/// Groups may nest this deep.
const DEPTH_MAX: usize = 200;

/// Appends the translation of `source` to `out`; whether leniency was needed.
pub(super) fn translate(source: &str, strictness: Strictness, out: &mut String) -> Result<bool, PatternFault> {
    let characters: Vec<char> = source.chars().collect();
    let mut translator = Translator { characters: &characters, at: 0, out, strictness, lenient: false };
    translator.expression()?;
    Ok(translator.lenient)
}

struct Translator<'a> {
    characters: &'a [char],
    at: usize,
    out: &'a mut String,
    strictness: Strictness,
    lenient: bool,
}

/// One member of a character group.
enum Member {
    Character(char),
    Class,
}

impl Translator<'_> {
    fn peek(&self) -> Option<char> {
        self.characters.get(self.at).copied()
    }

    fn peek_second(&self) -> Option<char> {
        self.characters.get(self.at + 1).copied()
    }

    fn wrong<T>(&self, what: &'static str) -> Result<T, PatternFault> {
        Err(PatternFault::Syntax { at: self.at + 1, what })
    }

    /// Goes on where the strict grammar would not, if that is allowed.
    fn leniently(&mut self, what: &'static str) -> Result<(), PatternFault> {
        if self.strictness == Strictness::Strict {
            return self.wrong(what);
        }
        self.lenient = true;
        Ok(())
    }

    /// The whole expression: pieces, branches and groups. The stack of groups is a count, so depth costs nothing.
    fn expression(&mut self) -> Result<(), PatternFault> {
        let mut depth = 0;
        while let Some(character) = self.peek() {
            match character {
                '|' => {
                    self.out.push('|');
                    self.at += 1;
                    continue;
                }
                '(' => {
                    depth += 1;
                    if depth > DEPTH_MAX {
                        return self.wrong("groups are nested too deep");
                    }
                    self.out.push_str("(?:");
                    self.at += 1;
                    continue;
                }
                ')' => {
                    if depth == 0 {
                        return self.wrong("a closing parenthesis without its opening one");
                    }
                    depth -= 1;
                    self.out.push(')');
                    self.at += 1;
                }
                _ => self.atom(character)?,
            }
            self.quantifier()?;
        }
        if depth == 0 { Ok(()) } else { self.wrong("a group is not closed") }
    }

    fn atom(&mut self, character: char) -> Result<(), PatternFault> {
        match character {
            '.' => {
                self.out.push_str(classes::DOT);
                self.at += 1;
            }
            '\\' => match self.escape()? {
                Member::Character(character) => self.literal(character),
                Member::Class => {}
            },
            '[' => self.class(0)?,
            '?' | '*' | '+' | '{' => return self.wrong("a quantifier without anything to repeat"),
            ']' | '}' => return self.wrong("a closing bracket without its opening one"),
            _ => {
                self.literal(character);
                self.at += 1;
            }
        }
        Ok(())
    }

    fn literal(&mut self, character: char) {
        if character.is_ascii_punctuation() {
            self.out.push('\\');
        }
        if matches!(character, '<' | '>') {
            // Escaped, these two would mean word boundaries.
            self.out.pop();
        }
        self.out.push(character);
    }

    fn quantifier(&mut self) -> Result<(), PatternFault> {
        match self.peek() {
            Some(mark @ ('?' | '*' | '+')) => {
                self.out.push(mark);
                self.at += 1;
            }
            Some('{') => {
                self.at += 1;
                let least = self.number()?;
                let most = match self.peek() {
                    Some(',') => {
                        self.at += 1;
                        if self.peek() == Some('}') { None } else { Some(self.number()?) }
                    }
                    _ => Some(least),
                };
                if self.peek() != Some('}') {
                    return self.wrong("a quantifier is not closed");
                }
                if most.is_some_and(|most| most < least) {
                    return self.wrong("a quantifier's bounds are in the wrong order");
                }
                self.at += 1;
                let most = most.map_or(String::new(), |most| most.to_string());
                self.out.push_str(&format!("{{{least},{most}}}"));
            }
            _ => return Ok(()),
        }
        // What follows a quantifier may not be another one; in `regex` it would make it lazy.
        match self.peek() {
            Some('?' | '*' | '+' | '{') => self.wrong("a quantifier follows a quantifier"),
            _ => Ok(()),
        }
    }

    fn number(&mut self) -> Result<u32, PatternFault> {
        let start = self.at;
        while self.peek().is_some_and(|character| character.is_ascii_digit()) {
            self.at += 1;
        }
        let digits: String = self.characters[start..self.at].iter().collect();
        if digits.is_empty() {
            return self.wrong("a number is expected in a quantifier");
        }
        digits.parse().map_err(|_| PatternFault::TooLarge)
    }

    /// Reads what follows a backslash. A class is written out, a single character is returned.
    fn escape(&mut self) -> Result<Member, PatternFault> {
        let Some(letter) = self.peek_second() else { return self.wrong("a backslash at the end") };
        self.at += 2;
        match letter {
            'n' => Ok(Member::Character('\n')),
            'r' => Ok(Member::Character('\r')),
            't' => Ok(Member::Character('\t')),
            '\\' | '|' | '.' | '?' | '*' | '+' | '(' | ')' | '{' | '}' | '-' | '[' | ']' | '^' => {
                Ok(Member::Character(letter))
            }
            'p' | 'P' => self.property(letter == 'P').map(|()| Member::Class),
            _ => match classes::multi(letter) {
                Some(class) => {
                    self.out.push_str(class);
                    Ok(Member::Class)
                }
                None if letter.is_ascii_alphanumeric() => self.wrong("an unknown escape"),
                None => {
                    self.leniently("an unknown escape")?;
                    Ok(Member::Character(letter))
                }
            },
        }
    }

    /// `{Lu}` or `{IsCyrillic}` behind `\p`.
    fn property(&mut self, negated: bool) -> Result<(), PatternFault> {
        let length = self.characters[self.at..].iter().position(|character| *character == '}');
        let (Some('{'), Some(length)) = (self.peek(), length) else {
            return self.wrong("a property name in braces is expected");
        };
        let name: String = self.characters[self.at + 1..self.at + length].iter().collect();
        let negation = if negated { "^" } else { "" };
        if let Some(block) = name.strip_prefix("Is") {
            let Some(ranges) = blocks::find(block) else { return self.wrong("an unknown block of characters") };
            if ranges.is_empty() {
                self.out.push_str(if negated { classes::ANY } else { classes::NONE });
                self.at += length + 1;
                return Ok(());
            }
            self.out.push_str(&format!("[{negation}"));
            for (first, last) in ranges {
                self.out.push_str(&format!("\\x{{{first:X}}}-\\x{{{last:X}}}"));
            }
            self.out.push(']');
        } else if CATEGORIES.contains(&name.as_str()) {
            self.out.push_str(&format!("[{negation}\\p{{{name}}}]"));
        } else {
            return self.wrong("an unknown category of characters");
        }
        self.at += length + 1;
        Ok(())
    }

    /// A bracketed class: a group, perhaps negated, perhaps less another class.
    fn class(&mut self, depth: usize) -> Result<(), PatternFault> {
        if depth > DEPTH_MAX {
            return self.wrong("classes are nested too deep");
        }
        self.at += 1;
        self.out.push_str("[[");
        if self.peek() == Some('^') {
            self.out.push('^');
            self.at += 1;
        }
        let mut first = true;
        loop {
            match (self.peek(), self.peek_second()) {
                (None, _) => return self.wrong("a class is not closed"),
                (Some(']'), _) if first => return self.wrong("a class is empty"),
                (Some(']'), _) => {
                    self.at += 1;
                    self.out.push_str("]]");
                    return Ok(());
                }
                (Some('-'), Some('[')) if !first => {
                    self.out.push_str("]--");
                    self.at += 1;
                    self.class(depth + 1)?;
                    if self.peek() != Some(']') {
                        return self.wrong("a subtraction must be the last part of a class");
                    }
                    self.at += 1;
                    self.out.push(']');
                    return Ok(());
                }
                (Some('['), _) => return self.wrong("an opening bracket inside a class"),
                (Some(character), _) => self.member(character, first)?,
            }
            first = false;
        }
    }

    /// One member of a group: an escape, a character, or a range.
    fn member(&mut self, character: char, first: bool) -> Result<(), PatternFault> {
        let start = match character {
            '\\' => match self.escape()? {
                Member::Character(character) => character,
                Member::Class => {
                    let ends = matches!((self.peek(), self.peek_second()), (Some('-'), Some(']' | '[')));
                    if self.peek() == Some('-') && !ends {
                        self.leniently("a range cannot begin with a class")?;
                        self.literal('-');
                        self.at += 1;
                    }
                    return Ok(());
                }
            },
            '-' => {
                self.at += 1;
                let last = matches!((self.peek(), self.peek_second()), (Some(']'), _) | (Some('-'), Some('[')));
                if !first && !last {
                    self.leniently("a hyphen must be the first or last of a class")?;
                }
                self.literal('-');
                return Ok(());
            }
            _ => {
                self.at += 1;
                character
            }
        };
        self.literal(start);
        match (self.peek(), self.peek_second()) {
            (Some('-'), Some(end)) if end != ']' && end != '[' => self.range(start, end),
            _ => Ok(()),
        }
    }

    /// The end of a range whose start has been written and whose hyphen is next.
    fn range(&mut self, start: char, end: char) -> Result<(), PatternFault> {
        let hyphen = self.at;
        self.at += 1;
        let end = match end {
            '\\' => {
                let written = self.out.len();
                match self.escape()? {
                    Member::Character(character) => character,
                    Member::Class => {
                        self.leniently("a range cannot end with a class")?;
                        self.out.insert_str(written, "\\-");
                        return Ok(());
                    }
                }
            }
            '-' => {
                // `a--` is a range that ends in a hyphen only where the grammar is read loosely.
                self.at = hyphen;
                return Ok(());
            }
            _ => {
                self.at += 1;
                end
            }
        };
        if end < start {
            return self.wrong("a range is in the wrong order");
        }
        self.out.push('-');
        self.literal(end);
        Ok(())
    }
}
