//! The reader: well-formed documents without a DTD, one event at a time, nothing kept but what is open.

use std::io::Read;

use super::bindings::{Bindings, PREDECLARED};
use super::chars::{self, SPACE};
use super::event::{Attributes, End, Event, Name, Start, Text};
use super::stop::{Stop, fault};
use super::tag::{RawName, Tag};
use super::window::{Stream, Whole, Window};
use super::{Fault, FaultCode, Limits, Position, Span, prolog};

/// A reader over a whole text in memory.
pub type TextReader<'t> = Reader<Whole<'t>>;
/// A reader over a source of UTF-8 bytes, in constant memory.
pub type StreamReader<R> = Reader<Stream<R>>;

/// How going on went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    /// There is another event.
    Event,
    /// The document is complete.
    End,
    /// Reading has ended with a fault.
    Fault,
}

/// Where in a document the reader is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Start,
    Prolog,
    Inside,
    Epilog,
}

/// An element whose end tag has not been read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Open {
    /// In the window where it does not move, else in `names`.
    pub(super) name: RawName,
    pub(super) binding: usize,
    /// Bindings that were in scope outside the element.
    pub(super) bindings_outside: usize,
}

/// The kinds of pieces that the caller sees.
#[derive(Debug, Clone, Copy)]
pub(super) enum Token {
    Start {
        at: usize,
        end: usize,
    },
    /// Text that lies in the window as it is meant.
    Written {
        start: usize,
        end: usize,
    },
    /// Text that has been gathered.
    Text,
    End {
        at: usize,
        end: usize,
    },
}

/// Character data that has been read and waits to be told.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Pending {
    /// Whether there is any, in `Reader::text`.
    pub(super) some: bool,
    /// Where it lies in the document.
    pub(super) span: Span,
}

/// A strict, namespace-aware streaming reader. See [`Reader::next_event`].
#[derive(Debug)]
pub struct Reader<W> {
    pub(super) window: W,
    pub(super) at: usize,
    pub(super) limits: Limits,
    pub(super) stage: Stage,
    pub(super) open: Vec<Open>,
    pub(super) names: String,
    /// Of a text that moves: where each open element begins, and its position once the window has left that behind.
    pub(super) starts: Vec<(u64, Option<Position>)>,
    /// The same for the text that was told last, or is being gathered.
    pub(super) last_text: (u64, Option<Position>),
    pub(super) bindings: Bindings,
    pub(super) tag: Tag,
    pub(super) text: String,
    pub(super) pending: Pending,
    /// The start tag just told was an empty element: its end is next.
    pub(super) end_next: Option<(usize, usize)>,
    /// The end of the innermost element has been told: it is closed before going on.
    pub(super) closing: bool,
    token: Option<Token>,
    /// White space right before a tag is not told.
    skip_blanks: bool,
    fault: Option<Fault>,
}

impl<'t> TextReader<'t> {
    /// A reader over `text`; a byte order mark at its start is skipped.
    #[must_use]
    pub fn new(text: &'t str, limits: Limits) -> Self {
        Self::over(Whole::new(text), limits)
    }
}

impl<R: Read> StreamReader<R> {
    /// A reader over a source of UTF-8 bytes, which need not be buffered.
    #[must_use]
    pub fn from_source(source: R, limits: Limits) -> Self {
        Self::over(Stream::new(source), limits)
    }
}

impl<W: Window> Reader<W> {
    fn over(window: W, limits: Limits) -> Self {
        Self {
            window,
            at: 0,
            limits,
            stage: Stage::Start,
            open: Vec::with_capacity(16),
            names: String::new(),
            starts: Vec::new(),
            last_text: (0, None),
            bindings: Bindings::new(),
            tag: Tag::default(),
            text: String::new(),
            pending: Pending::default(),
            end_next: None,
            closing: false,
            token: None,
            skip_blanks: false,
            fault: None,
        }
    }

    /// The next event, or `None` behind the last one, when the document is complete.
    ///
    /// Character data between two tags is one [`Event::Text`], with references, CDATA sections and line ends resolved,
    /// and comments and processing instructions left out. Each element has a start and an end.
    ///
    /// # Errors
    /// The first thing that makes the text no document, or passes a limit. Nothing can be read afterwards.
    pub fn next_event(&mut self) -> Result<Option<Event<'_>>, Fault> {
        self.advance()?;
        Ok(self.current())
    }

    /// Goes on to the next event, to be looked at with [`Reader::current`]; false behind the last one.
    ///
    /// # Errors
    /// As [`Reader::next_event`].
    pub fn advance(&mut self) -> Result<bool, Fault> {
        self.skip_blanks = false;
        self.step()
    }

    /// As [`Reader::advance`], but white space that stands alone between two tags is not told. For content of elements
    /// only, where it means nothing.
    ///
    /// # Errors
    /// As [`Reader::next_event`].
    pub fn advance_over_blanks(&mut self) -> Result<bool, Fault> {
        self.skip_blanks = true;
        self.step()
    }

    fn step(&mut self) -> Result<bool, Fault> {
        match self.go_on() {
            Progress::Event => Ok(true),
            Progress::End => Ok(false),
            Progress::Fault => Err(self.last_fault()),
        }
    }

    /// As [`Reader::advance`], with an answer that fits a register; the fault is [`Reader::last_fault`].
    pub(crate) fn advance_quickly(&mut self, skip_blanks: bool) -> Progress {
        self.skip_blanks = skip_blanks;
        self.go_on()
    }

    /// What ended the reading.
    pub(crate) fn last_fault(&self) -> Fault {
        self.fault.unwrap_or(Fault { code: FaultCode::Truncated, position: Position::START })
    }

    /// The event that reading has come to; `None` before the first one and behind the last one.
    #[inline]
    #[must_use]
    pub fn current(&self) -> Option<Event<'_>> {
        // Looked at where it lies: copying what has just been written would wait for it.
        self.token.as_ref().map(|token| self.event(token))
    }

    /// Elements that are open, the one whose start or end was told last included.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.open.len()
    }

    /// The local name of the open element at `level`, the root being at 0.
    #[must_use]
    pub fn open_name(&self, level: usize) -> &str {
        self.open.get(level).map_or("", |open| open.name.split(self.name_text()).1)
    }

    /// The namespace that `prefix` is bound to here; the empty prefix without a default means no namespace, `""`.
    #[must_use]
    pub fn namespace_of_prefix(&self, prefix: &str) -> Option<&str> {
        self.bindings.find(prefix).map(|index| self.bindings.uri(index))
    }

    /// The namespaces of all declarations in scope, outermost first; a [`Name::binding`] is an index into them.
    pub fn namespaces_in_scope(&self) -> impl Iterator<Item = &str> {
        (0..self.bindings.len()).map(|index| self.bindings.uri(index))
    }

    /// How many declarations are in scope now.
    #[must_use]
    pub fn namespace_count(&self) -> usize {
        self.bindings.len()
    }

    /// How many declarations were in scope outside the innermost open element.
    #[must_use]
    pub fn namespace_count_outside(&self) -> usize {
        self.open.last().map_or(PREDECLARED, |open| open.bindings_outside)
    }

    /// The namespace of declaration `index`.
    #[must_use]
    pub fn namespace_at(&self, index: usize) -> &str {
        self.bindings.uri(index)
    }

    /// Line and column of an offset, which for an incremental reader must not lie before the current event, unless an open
    /// element or the last text begins there.
    #[must_use]
    pub fn position(&self, offset: u64) -> Position {
        if W::MOVES && offset < self.window.base() {
            let found = self.starts.binary_search_by_key(&offset, |(start, _)| *start).ok();
            let known = found.and_then(|index| self.starts.get(index)).unwrap_or(&self.last_text);
            if let (start, Some(position)) = *known
                && start == offset
            {
                return position;
            }
        }
        self.window.position(offset)
    }

    /// The position of an offset if it has to be asked for now; none where that of all that has been read can be told at any
    /// time.
    pub(crate) fn position_to_keep(&self, offset: u64) -> Option<Position> {
        W::MOVES.then(|| self.position(offset))
    }

    /// Offset of the first byte that no event has covered yet.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.offset_of(self.at)
    }

    pub(super) fn offset_of(&self, at: usize) -> u64 {
        self.window.base() + at as u64
    }

    pub(super) fn name_text(&self) -> &str {
        if W::MOVES { &self.names } else { self.window.text() }
    }

    fn go_on(&mut self) -> Progress {
        self.token = None;
        if self.closing {
            self.close();
        } else if self.stage == Stage::Start && self.is_too_large() {
            return self.fail(FaultCode::TooLarge, 0);
        }
        if let Some((at, end)) = self.end_next.take() {
            self.closing = true;
            self.token = Some(Token::End { at, end });
            return Progress::Event;
        }
        if self.pending.some {
            self.pending = Pending::default();
            self.text.clear();
        }
        loop {
            match self.piece() {
                Ok(None) => {}
                Ok(token) => {
                    self.token = token;
                    return Progress::Event;
                }
                Err(Stop::Fault(code, at)) => return self.fail(code, at),
                Err(Stop::Short) => {
                    if W::MOVES {
                        self.note_positions();
                    }
                    let extended = self.window.extend(self.at);
                    if W::MOVES {
                        self.at = 0;
                    }
                    match extended {
                        Err(code) => return self.fail(code, self.at),
                        Ok(_) if W::MOVES && self.is_too_large() => return self.fail(FaultCode::TooLarge, self.at),
                        Ok(true) => {}
                        Ok(false) => return self.finish(),
                    }
                }
            }
        }
    }

    /// Notes the positions of open elements that the window is about to leave behind.
    fn note_positions(&mut self) {
        let base = self.window.base();
        let first = self.starts.partition_point(|(start, _)| *start < base);
        let text = std::iter::once(&mut self.last_text).filter(|(start, _)| *start >= base);
        for (start, position) in self.starts[first..].iter_mut().chain(text) {
            *position = Some(self.window.position(*start));
        }
    }

    /// Ends the reading.
    #[cold]
    fn fail(&mut self, code: FaultCode, at: usize) -> Progress {
        // A size is a fault of the document as a whole.
        let whole = code == FaultCode::TooLarge;
        let position = if whole { Position::START } else { self.window.position(self.offset_of(at)) };
        self.fault = Some(Fault { code, position });
        Progress::Fault
    }

    /// Decides what the end of the input means.
    fn finish(&mut self) -> Progress {
        let text = self.window.text();
        let end = text.len();
        let read = chars::run(text.as_bytes(), self.at, SPACE);
        let left = end > read && (self.stage != Stage::Start || text != "\u{FEFF}");
        match self.stage {
            Stage::Start | Stage::Prolog if !left => self.fail(FaultCode::Empty, end),
            Stage::Epilog if !left => Progress::End,
            _ => self.fail(FaultCode::Truncated, end),
        }
    }

    /// Whether the window reaches further than a document may.
    fn is_too_large(&self) -> bool {
        self.offset_of(self.window.text().len()) > self.limits.document_bytes_max
    }

    /// Reads one piece: a tag, a stretch of text, a comment. `None`: nothing to tell yet.
    fn piece(&mut self) -> Result<Option<Token>, Stop> {
        match self.stage {
            Stage::Start => {
                self.start()?;
                Ok(None)
            }
            Stage::Inside => {
                let bytes = self.window.text().as_bytes();
                match bytes.get(self.at) {
                    None => Err(Stop::Short),
                    Some(b'<') => self.markup(),
                    Some(byte) => {
                        if self.skip_blanks && chars::is_space_byte(*byte) && !self.pending.some {
                            let behind = chars::run(bytes, self.at, SPACE);
                            let short = behind - self.at <= self.limits.text_bytes_max;
                            if short && bytes.get(behind) == Some(&b'<') {
                                self.at = behind;
                                return self.markup();
                            }
                        }
                        self.characters()
                    }
                }
            }
            Stage::Prolog | Stage::Epilog => {
                let bytes = self.window.text().as_bytes();
                let here = chars::run(bytes, self.at, SPACE);
                // Half a line end stays in the window: lines are counted when it is left behind.
                let halved = here == bytes.len() && bytes[self.at..].ends_with(b"\r");
                self.at = if halved { here - 1 } else { here };
                match bytes.get(here) {
                    None => Err(Stop::Short),
                    Some(b'<') => self.markup(),
                    Some(_) => fault(FaultCode::TextOutsideRoot, self.at),
                }
            }
        }
    }

    /// Byte order mark and XML declaration.
    fn start(&mut self) -> Result<(), Stop> {
        let text = self.window.text();
        let rest = text.strip_prefix('\u{FEFF}').unwrap_or(text);
        let skipped = text.len() - rest.len();
        if rest.is_empty() {
            return Err(Stop::Short);
        }
        let declared = if prolog::starts_with_declaration(rest)? {
            prolog::declaration(rest, &self.limits).map_err(|stop| match stop {
                Stop::Fault(code, at) => Stop::Fault(code, at + skipped),
                Stop::Short => Stop::Short,
            })?
        } else {
            0
        };
        self.at = skipped + declared;
        self.stage = Stage::Prolog;
        Ok(())
    }

    fn markup(&mut self) -> Result<Option<Token>, Stop> {
        let text = self.window.text();
        let bytes = text.as_bytes();
        match bytes.get(self.at + 1) {
            None => Err(Stop::Short),
            Some(b'/') if self.stage == Stage::Inside => {
                if self.pending.some {
                    return Ok(Some(Token::Text));
                }
                self.end_tag().map(Some)
            }
            Some(b'/') => fault(FaultCode::TagMismatch, self.at),
            Some(b'?') => {
                self.at = prolog::instruction(text, self.at, &self.limits)?;
                Ok(None)
            }
            Some(b'!') => self.declaration_or_comment(),
            Some(_) => {
                if self.pending.some {
                    return Ok(Some(Token::Text));
                }
                self.start_tag().map(Some)
            }
        }
    }

    /// What begins with `<!`: a comment, a CDATA section, or a DOCTYPE.
    fn declaration_or_comment(&mut self) -> Result<Option<Token>, Stop> {
        const MARKS: [&str; 3] = ["<!--", "<![CDATA[", "<!DOCTYPE"];
        let text = self.window.text();
        let rest = &text.as_bytes()[self.at..];
        let Some(mark) = MARKS.iter().position(|mark| rest.starts_with(mark.as_bytes())) else {
            let undecided = MARKS.iter().any(|mark| mark.as_bytes().starts_with(rest));
            return if undecided { Err(Stop::Short) } else { fault(FaultCode::BadTag, self.at) };
        };
        match (mark, self.stage) {
            (0, _) => self.at = prolog::comment(text, self.at, &self.limits)?,
            (1, Stage::Inside) => self.cdata()?,
            (1, _) => return fault(FaultCode::TextOutsideRoot, self.at),
            (_, Stage::Prolog) => return fault(FaultCode::DoctypeForbidden, self.at),
            _ => return fault(FaultCode::BadTag, self.at),
        }
        Ok(None)
    }

    #[inline]
    fn event(&self, token: &Token) -> Event<'_> {
        let text = self.window.text();
        match *token {
            Token::Start { at, end } => Event::Start(Start {
                name: self.name_of(self.tag.name, text, self.open.last().map_or(0, |open| open.binding)),
                span: Span::between(self.offset_of(at), self.offset_of(end)),
                attributes: Attributes::new(text, self.window.base(), &self.tag, &self.bindings),
            }),
            Token::Written { start, end } => Event::Text(Text {
                value: &text[start..end],
                span: Span::between(self.offset_of(start), self.offset_of(end)),
            }),
            Token::Text => Event::Text(Text { value: &self.text, span: self.pending.span }),
            Token::End { at, end } => {
                let span = Span::between(self.offset_of(at), self.offset_of(end));
                let name = self.open.last().map(|open| self.name_of(open.name, self.name_text(), open.binding));
                Event::End(End { name: name.unwrap_or_default(), span })
            }
        }
    }

    #[inline]
    fn name_of<'a>(&'a self, name: RawName, text: &'a str, binding: usize) -> Name<'a> {
        let (prefix, local) = name.split(text);
        Name { prefix, local, namespace: self.bindings.uri(binding), binding }
    }
}
