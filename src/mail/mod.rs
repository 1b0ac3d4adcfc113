//! Letters by e-mail: notices to people, files of exports. One letter is handed over to the configured server, with TLS, and
//! the answer says whose turn it is next. The sole user of lettre. It knows neither store nor broker.

mod fault;

use std::time::Duration;

use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment as Part, Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls as Way, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use secrecy::{ExposeSecret, SecretString};

pub use fault::MailFault;

/// How the server is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// TLS from the first byte.
    Wrapped,
    /// TLS asked for by STARTTLS; a server without it gets nothing.
    StartTls,
    /// In the clear: only for a server on this machine.
    Clear,
}

impl Security {
    /// The usual port.
    #[must_use]
    pub fn port(self) -> u16 {
        match self {
            Self::Wrapped => 465,
            Self::StartTls => 587,
            Self::Clear => 25,
        }
    }
}

/// A mail server, and who writes.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Host name; certificates are held against it.
    pub host: String,
    /// Port.
    pub port: u16,
    /// How it is spoken to.
    pub security: Security,
    /// User and password, where the server asks for them.
    pub credentials: Option<(String, SecretString)>,
    /// Who writes: `Name <address>` or an address.
    pub from: String,
    /// Where answers go, if not to who writes.
    pub reply_to: Option<String>,
    /// What we call ourselves in the greeting; none: our address.
    pub hello_name: Option<String>,
    /// Certificates to trust besides the system's, PEM.
    pub authorities: Option<String>,
    /// For one letter, from connecting to the server's answer.
    pub timeout: Duration,
}

/// A letter.
#[derive(Debug, Clone, Default)]
pub struct Letter {
    /// Addresses of the readers.
    pub to: Vec<String>,
    /// One line.
    pub subject: String,
    /// The text.
    pub text: String,
    /// The same as a page.
    pub html: Option<String>,
    /// What makes the `Message-ID`: the same letter sent twice has the same one.
    pub key: String,
    /// Further header lines.
    pub headers: Vec<(&'static str, String)>,
    /// Files.
    pub files: Vec<File>,
}

/// A file of a letter.
#[derive(Debug, Clone)]
pub struct File {
    /// Its name.
    pub name: String,
    /// Its media type.
    pub media_type: String,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// Whether a text is an address that a letter can be sent to.
#[must_use]
pub fn is_address(text: &str) -> bool {
    text.parse::<lettre::Address>().is_ok()
}

/// Hands letters over.
#[derive(Debug, Clone)]
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    reply_to: Option<Mailbox>,
    timeout: Duration,
}

impl Mailer {
    /// A mailer for a server. Connects to nothing yet.
    ///
    /// # Errors
    /// The own address or the certificates cannot be read.
    pub fn new(settings: &Settings) -> Result<Self, MailFault> {
        let mailbox = |key: &str, text: &str| {
            text.parse::<Mailbox>().map_err(|fault| MailFault::Unmailable(format!("{key}: `{text}`: {fault}")))
        };
        let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&settings.host)
            .port(settings.port)
            .timeout(Some(settings.timeout))
            .tls(way(settings)?);
        if let Some(name) = &settings.hello_name {
            transport = transport.hello_name(ClientId::Domain(name.clone()));
        }
        if let Some((user, password)) = &settings.credentials {
            transport = transport.credentials(Credentials::new(user.clone(), password.expose_secret().to_owned()));
        }
        Ok(Self {
            transport: transport.build(),
            from: mailbox("mail.from", &settings.from)?,
            reply_to: settings.reply_to.as_deref().map(|text| mailbox("mail.reply_to", text)).transpose()?,
            timeout: settings.timeout,
        })
    }

    /// Hands a letter over. `Ok` means that the server has taken it for all of its readers.
    pub async fn send(&self, letter: &Letter) -> Result<(), MailFault> {
        let message = self.message(letter)?;
        match tokio::time::timeout(self.timeout, self.hand_over(message)).await {
            Ok(answer) => answer,
            Err(_) => Err(MailFault::silent(self.timeout)),
        }
    }

    async fn hand_over(&self, message: Message) -> Result<(), MailFault> {
        let Err(fault) = self.transport.send(message).await else { return Ok(()) };
        let fault = MailFault::of(&fault);
        // A server that serves nobody says so in the same words (RFC 5321, 3.1): then it is not about the letter.
        if matches!(fault, MailFault::Refused(_))
            && let Err(of_all) = self.transport.test_connection().await
        {
            return Err(MailFault::Later(format!("the mail server serves nobody: {of_all}")));
        }
        Err(fault)
    }

    /// Whether the server can be reached and takes our password.
    pub async fn reach(&self) -> Result<(), MailFault> {
        match tokio::time::timeout(self.timeout, self.transport.test_connection()).await {
            Ok(Ok(true)) => Ok(()),
            Ok(Ok(false)) => Err(MailFault::Later("the mail server answered NOOP with a refusal".to_owned())),
            Ok(Err(fault)) => Err(MailFault::of(&fault)),
            Err(_) => Err(MailFault::silent(self.timeout)),
        }
    }

    fn message(&self, letter: &Letter) -> Result<Message, MailFault> {
        let unmailable = |what: &str, fault: &dyn std::fmt::Display| MailFault::Unmailable(format!("{what}: {fault}"));
        let id = format!("<{}@{}>", letter.key, self.from.email.domain());
        let mut builder =
            Message::builder().from(self.from.clone()).subject(letter.subject.clone()).message_id(Some(id));
        if let Some(reply_to) = &self.reply_to {
            builder = builder.reply_to(reply_to.clone());
        }
        for address in &letter.to {
            // The address itself is not told: it is a person's.
            builder = builder.to(address.parse().map_err(|fault| unmailable("the address is none", &fault))?);
        }
        for (name, value) in &letter.headers {
            let name = HeaderName::new_from_ascii((*name).to_owned()).map_err(|fault| unmailable("header", &fault))?;
            builder = builder.raw_header(HeaderValue::new(name, value.clone()));
        }
        let body = body(letter);
        let made = if letter.files.is_empty() { whole(builder, body) } else { builder.multipart(mixed(letter, body)?) };
        made.map_err(|fault| unmailable("the letter cannot be written", &fault))
    }
}

/// The text alone, or beside the page.
enum Body {
    Text(SinglePart),
    Both(MultiPart),
}

fn body(letter: &Letter) -> Body {
    match &letter.html {
        Some(html) => Body::Both(MultiPart::alternative_plain_html(letter.text.clone(), html.clone())),
        None => Body::Text(SinglePart::plain(letter.text.clone())),
    }
}

fn whole(builder: lettre::message::MessageBuilder, body: Body) -> Result<Message, lettre::error::Error> {
    match body {
        Body::Text(part) => builder.singlepart(part),
        Body::Both(parts) => builder.multipart(parts),
    }
}

fn mixed(letter: &Letter, body: Body) -> Result<MultiPart, MailFault> {
    let mixed = MultiPart::mixed();
    let mut parts = match body {
        Body::Text(part) => mixed.singlepart(part),
        Body::Both(parts) => mixed.multipart(parts),
    };
    for file in &letter.files {
        let kind = ContentType::parse(&file.media_type)
            .map_err(|fault| MailFault::Unmailable(format!("media type {}: {fault}", file.media_type)))?;
        parts = parts.singlepart(Part::new(file.name.clone()).body(file.bytes.clone(), kind));
    }
    Ok(parts)
}

fn way(settings: &Settings) -> Result<Way, MailFault> {
    if settings.security == Security::Clear {
        return Ok(Way::None);
    }
    let mut tls = TlsParameters::builder(settings.host.clone());
    if let Some(pem) = &settings.authorities {
        let certificate = Certificate::from_pem(pem.as_bytes())
            .map_err(|fault| MailFault::Unmailable(format!("mail.authorities_file: {fault}")))?;
        tls = tls.add_root_certificate(certificate);
    }
    let tls = tls.build().map_err(|fault| MailFault::Unmailable(format!("mail: TLS: {fault}")))?;
    Ok(match settings.security {
        Security::Wrapped => Way::Wrapper(tls),
        _ => Way::Required(tls),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mailer() -> Mailer {
        Mailer::new(&Settings {
            host: "localhost".into(),
            port: 25,
            security: Security::Clear,
            credentials: None,
            from: "Межвед <noreply@example.org>".into(),
            reply_to: Some("help@example.org".into()),
            hello_name: None,
            authorities: None,
            timeout: Duration::from_secs(1),
        })
        .unwrap()
    }

    fn letter() -> Letter {
        Letter {
            to: vec!["reader@example.org".into()],
            subject: "Заявление 77-1: Проверено".into(),
            text: "Заявление проверено.".into(),
            key: "0195-1".into(),
            headers: vec![("Auto-Submitted", "auto-generated".into())],
            ..Letter::default()
        }
    }

    #[test]
    fn a_letter_has_its_id_its_reader_and_its_parts() {
        let whole = |letter: &Letter| String::from_utf8(mailer().message(letter).unwrap().formatted()).unwrap();
        let plain = whole(&letter());
        for line in [
            "Message-ID: <0195-1@example.org>",
            "To: reader@example.org",
            "Reply-To: help@example.org",
            "Auto-Submitted: auto-generated",
            "Content-Type: text/plain; charset=utf-8",
        ] {
            assert!(plain.contains(line), "{line}\n{plain}");
        }
        let file = File { name: "отчёт.csv".into(), media_type: "text/csv".into(), bytes: b"a;b\r\n".to_vec() };
        let rich = whole(&Letter { html: Some("<p>да</p>".into()), files: vec![file], ..letter() });
        for kind in ["multipart/mixed", "multipart/alternative", "text/html", "text/csv"] {
            assert!(rich.contains(kind), "{kind}\n{rich}");
        }
    }

    #[test]
    fn what_cannot_be_mailed_is_told_without_the_address() {
        for wrong in ["no-address", "two words@example.org", "a@b\r\nBcc: c@example.org"] {
            let fault = mailer().message(&Letter { to: vec![wrong.into()], ..letter() }).unwrap_err();
            let told = fault.to_string();
            assert!(matches!(fault, MailFault::Unmailable(_)) && !told.contains(wrong), "{told}");
        }
    }
}
