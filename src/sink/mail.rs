//! A mail server that takes letters (RFC 5321, as much of it as a client needs). One connection is one call of [`session`], over
//! whatever stream: the caller brings TLS.

use std::io;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};

use super::Taken;

/// The longest line and the longest letter, in bytes.
const LINE_BYTES_MAX: usize = 64 * 1024;
const LETTER_BYTES_MAX: usize = 64 << 20;

/// A letter that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenLetter {
    /// From whom, as the envelope says.
    pub from: String,
    /// To whom, as the envelope says.
    pub to: Vec<String>,
    /// Header and body.
    pub text: String,
}

/// What the server says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// It takes it.
    Take,
    /// A code and a text.
    Say(u16, &'static str),
    /// Nothing, for ever.
    Silence,
}

/// Where in a session a rule is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment<'a> {
    /// Somebody has connected.
    Greeting,
    /// A reader is named.
    Reader(&'a str),
    /// A whole letter has come.
    Letter,
}

/// The rule by which a server answers.
pub type Rule = dyn Fn(Moment<'_>) -> Reply + Send + Sync;

/// A mail server.
pub struct MailSink {
    taken: Taken<TakenLetter>,
    rule: Box<Rule>,
    /// Whether STARTTLS is offered.
    offers_tls: bool,
}

/// How a session ended.
pub enum Ended<S> {
    /// The client has gone.
    Gone,
    /// The client wants TLS from here on.
    StartTls(S),
}

impl MailSink {
    /// A server that answers by a rule.
    #[must_use]
    pub fn new(rule: Box<Rule>, offers_tls: bool) -> Self {
        Self { taken: Taken::new(), rule, offers_tls }
    }

    /// The letters taken so far.
    #[must_use]
    pub fn letters(&self) -> Vec<TakenLetter> {
        self.taken.list().clone()
    }

    /// Serves one connection. After STARTTLS the caller brings the stream back as `greeted`.
    ///
    /// # Errors
    /// The connection broke.
    pub async fn session<S: AsyncRead + AsyncWrite + Unpin>(&self, stream: S, greeted: bool) -> io::Result<Ended<S>> {
        let mut stream = BufReader::new(stream);
        let secure = greeted;
        if !greeted && !self.answer(&mut stream, Moment::Greeting, "220 sink ESMTP").await? {
            return Ok(Ended::Gone);
        }
        let (mut from, mut to) = (String::new(), Vec::new());
        while let Some(line) = line(&mut stream).await? {
            let upper = line.to_ascii_uppercase();
            let verb = upper.split([' ', ':']).next().unwrap_or_default().to_owned();
            match verb.as_str() {
                "EHLO" | "HELO" => {
                    let tls = if self.offers_tls && !secure { "250-STARTTLS\r\n" } else { "" };
                    say(&mut stream, &format!("250-sink\r\n{tls}250-8BITMIME\r\n250-AUTH PLAIN LOGIN\r\n250 SIZE"))
                        .await?;
                }
                "STARTTLS" if self.offers_tls && !secure => {
                    say(&mut stream, "220 go ahead").await?;
                    return Ok(Ended::StartTls(stream.into_inner()));
                }
                "AUTH" => say(&mut stream, "235 welcome").await?,
                "MAIL" => {
                    from = address(&line);
                    to = Vec::new();
                    say(&mut stream, "250 ok").await?;
                }
                "RCPT" => {
                    let reader = address(&line);
                    if self.answer(&mut stream, Moment::Reader(&reader), "250 ok").await? {
                        to.push(reader);
                    }
                }
                "DATA" if to.is_empty() => say(&mut stream, "503 no readers").await?,
                "DATA" => {
                    say(&mut stream, "354 go ahead").await?;
                    let Some(text) = letter(&mut stream).await? else { return Ok(Ended::Gone) };
                    let letter = TakenLetter { from: from.clone(), to: std::mem::take(&mut to), text };
                    if (self.rule)(Moment::Letter) == Reply::Take {
                        self.taken.list().push(letter);
                    }
                    self.answer(&mut stream, Moment::Letter, "250 taken").await?;
                }
                "RSET" | "NOOP" => say(&mut stream, "250 ok").await?,
                "QUIT" => {
                    say(&mut stream, "221 bye").await?;
                    return Ok(Ended::Gone);
                }
                _ => say(&mut stream, "500 what?").await?,
            }
        }
        Ok(Ended::Gone)
    }

    /// Answers by the rule; says whether it was taken.
    async fn answer<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: &mut BufReader<S>,
        moment: Moment<'_>,
        well: &str,
    ) -> io::Result<bool> {
        match (self.rule)(moment) {
            Reply::Take => {
                say(stream, well).await?;
                Ok(true)
            }
            Reply::Say(code, text) => {
                say(stream, &format!("{code} {text}")).await?;
                Ok(false)
            }
            Reply::Silence => std::future::pending().await,
        }
    }
}

async fn say<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut BufReader<S>, text: &str) -> io::Result<()> {
    let stream = stream.get_mut();
    stream.write_all(format!("{text}\r\n").as_bytes()).await?;
    stream.flush().await
}

async fn line<S: AsyncRead + Unpin>(stream: &mut BufReader<S>) -> io::Result<Option<String>> {
    let mut bytes = Vec::new();
    if stream.read_until(b'\n', &mut bytes).await? == 0 || bytes.len() > LINE_BYTES_MAX {
        return Ok(None);
    }
    Ok(Some(String::from_utf8_lossy(&bytes).trim_end_matches(['\r', '\n']).to_owned()))
}

/// The text of a letter, up to the line with a single dot.
async fn letter<S: AsyncRead + Unpin>(stream: &mut BufReader<S>) -> io::Result<Option<String>> {
    let mut text = String::new();
    while let Some(line) = line(stream).await? {
        if line == "." {
            return Ok(Some(text));
        }
        text.push_str(line.strip_prefix('.').unwrap_or(&line));
        text.push('\n');
        if text.len() > LETTER_BYTES_MAX {
            break;
        }
    }
    Ok(None)
}

/// What stands between angle brackets.
fn address(line: &str) -> String {
    line.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map_or("", |(address, _)| address).to_owned()
}
