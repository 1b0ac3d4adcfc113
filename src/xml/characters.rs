//! Character data: plain stretches, references, line ends and CDATA sections become one text between two tags.

use super::chars::{self, TEXT};
use super::reader::{Reader, Token};
use super::stop::{Stop, fault};
use super::window::Window;
use super::{FaultCode, prolog, reference, tag};

impl<W: Window> Reader<W> {
    /// Takes the CDATA section that begins here.
    pub(super) fn cdata(&mut self) -> Result<(), Stop> {
        let text = self.window.text();
        let start = self.at + "<![CDATA[".len();
        let Some(end) = prolog::find(text, start, "]]>", &self.limits)? else { return Err(Stop::Short) };
        prolog::check_characters(text, start, end)?;
        let mut rest = &text[start..end];
        while let Some(at) = rest.find('\r') {
            self.text.push_str(&rest[..at]);
            self.text.push('\n');
            rest = &rest[at + 1..];
            rest = rest.strip_prefix('\n').unwrap_or(rest);
        }
        self.text.push_str(rest);
        self.gather(self.at, end + 3)
    }

    /// Notes that the document from `from` to `to` has gone into `text`, and goes on behind it.
    fn gather(&mut self, from: usize, to: usize) -> Result<(), Stop> {
        let end = self.offset_of(to);
        if !self.pending.some {
            self.pending.some = true;
            self.pending.span.offset = self.offset_of(from);
            self.last_text = (self.pending.span.offset, None);
        }
        self.pending.span.length = end - self.pending.span.offset;
        if self.text.len() > self.limits.text_bytes_max {
            return fault(FaultCode::TextTooLong, from);
        }
        self.at = to;
        Ok(())
    }

    /// Reads character data up to the next `<`, or up to something that is not written as it is meant.
    pub(super) fn characters(&mut self) -> Result<Option<Token>, Stop> {
        let text = self.window.text();
        let bytes = text.as_bytes();
        let start = self.at;
        let mut here = chars::run(bytes, start, TEXT);
        loop {
            // Before what stands here is looked at: a window may end at any place.
            if here - start > self.limits.text_bytes_max {
                return fault(FaultCode::TextTooLong, start);
            }
            let Some(&byte) = bytes.get(here) else { return Err(Stop::Short) };
            match byte {
                b'<' | b'&' | b'\r' => break,
                b']' => {
                    let Some(next) = bytes.get(here + 1..here + 3) else { return Err(Stop::Short) };
                    if next == b"]>" {
                        return fault(FaultCode::CdataEnd, here);
                    }
                    here += 1;
                }
                _ => here = tag::character(text, here)?,
            }
            here = chars::run(bytes, here, TEXT);
        }
        if bytes[here] == b'<' && !self.pending.some {
            let Some(next) = bytes.get(here + 1) else { return Err(Stop::Short) };
            if !matches!(next, b'!' | b'?') {
                self.at = here;
                if W::MOVES {
                    self.last_text = (self.offset_of(start), None);
                }
                return Ok(Some(Token::Written { start, end: here }));
            }
        }
        self.unusual(start, here)?;
        Ok(None)
    }

    /// Takes the data up to `here` and, where they stand there, a reference or a carriage return.
    fn unusual(&mut self, start: usize, here: usize) -> Result<(), Stop> {
        let text = self.window.text();
        let bytes = text.as_bytes();
        let (meant, behind) = match bytes[here] {
            b'&' => {
                let (character, behind) = reference::read(text, here)?;
                (Some(character), behind)
            }
            b'\r' => {
                let next = bytes.get(here + 1).ok_or(Stop::Short)?;
                (Some('\n'), here + 1 + usize::from(*next == b'\n'))
            }
            _ => (None, here),
        };
        self.text.push_str(&text[start..here]);
        self.text.extend(meant);
        self.gather(start, behind)
    }
}
