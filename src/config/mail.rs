//! The mail server, checked.

use std::net::IpAddr;
use std::time::Duration;

use super::checked::{ConfigFault, file, filled};
use super::written;
use crate::mail::{Mailer, Security, Settings};

/// The mail server; none where no host is named.
pub(super) fn check(w: &written::Mail) -> Result<Option<Settings>, ConfigFault> {
    if w.host.is_empty() {
        return Ok(None);
    }
    let security = match w.security.as_str() {
        "wrapped" => Security::Wrapped,
        "starttls" => Security::StartTls,
        "none" if is_here(&w.host) => Security::Clear,
        "none" => {
            let text = format!("mail.security: `none` is only for a server on this machine, {} is elsewhere", w.host);
            return Err(ConfigFault(text));
        }
        other => return Err(ConfigFault(format!("mail.security: `{other}` is none of wrapped, starttls, none"))),
    };
    let password = file("mail.password_file", &w.password_file)?;
    let credentials = match (w.user.as_str(), password) {
        ("", None) => None,
        (user, Some(password)) if !user.is_empty() => Some((user.to_owned(), password.trim().to_owned().into())),
        _ => return Err(ConfigFault("mail.user and mail.password_file go together".into())),
    };
    if w.timeout_seconds == 0 {
        return Err(ConfigFault("mail.timeout_seconds must be above zero".into()));
    }
    let settings = Settings {
        host: w.host.clone(),
        port: if w.port == 0 { security.port() } else { w.port },
        security,
        credentials,
        from: filled("mail.from", &w.from)?,
        reply_to: Some(w.reply_to.clone()).filter(|text| !text.is_empty()),
        hello_name: Some(w.hello_name.clone()).filter(|text| !text.is_empty()),
        authorities: file("mail.authorities_file", &w.authorities_file)?,
        timeout: Duration::from_secs(w.timeout_seconds),
    };
    Mailer::new(&settings).map_err(|fault| ConfigFault(fault.to_string()))?;
    Ok(Some(settings))
}

fn is_here(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail(change: impl FnOnce(&mut written::Mail)) -> Result<Option<Settings>, String> {
        let mut written = written::Mail {
            host: "mail.example.org".into(),
            security: "starttls".into(),
            from: "noreply@example.org".into(),
            timeout_seconds: 30,
            ..written::Mail::default()
        };
        change(&mut written);
        check(&written).map_err(|fault| fault.0)
    }

    #[test]
    fn a_server_is_read_with_its_usual_port() {
        assert_eq!(mail(|_| ()).unwrap().unwrap().port, 587);
        assert_eq!(mail(|mail| mail.security = "wrapped".into()).unwrap().unwrap().port, 465);
        assert!(mail(|mail| mail.host.clear()).unwrap().is_none());
    }

    #[test]
    fn what_cannot_work_is_told_at_once() {
        type Change = fn(&mut written::Mail);
        let cases: [(Change, &str); 6] = [
            (|mail| mail.security = "none".into(), "only for a server on this machine"),
            (|mail| mail.security = "tls".into(), "none of wrapped, starttls, none"),
            (|mail| mail.user = "me".into(), "go together"),
            (|mail| mail.from = "Межвед".into(), "mail.from"),
            (|mail| mail.from.clear(), "mail.from is empty"),
            (|mail| mail.password_file = "/no/such/file".into(), "mail.password_file: /no/such/file"),
        ];
        for (change, told) in cases {
            let fault = mail(change).unwrap_err();
            assert!(fault.contains(told), "{told}: {fault}");
        }
    }
}
