//! What only we can have written: signatures of requests to gateways, and the tokens of opt-out links. HMAC with SHA-256.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The beginning of a token: its form may change.
const FORM: &str = "1";

/// The signature of a text.
#[must_use]
pub fn sign(key: &[u8], parts: &[&[u8]]) -> String {
    hex::encode(mac(key, parts).map(|mac| mac.finalize().into_bytes().to_vec()).unwrap_or_default())
}

/// HMAC takes a key of any length; an empty one is refused where settings are read.
fn mac(key: &[u8], parts: &[&[u8]]) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    parts.iter().for_each(|part| mac.update(part));
    Some(mac)
}

/// Who wants no more notices of a system by a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptOut {
    /// SHA-256 of the subscriber's identifier.
    pub subscriber: [u8; 32],
    /// Code of the system.
    pub system: String,
    /// The channel.
    pub channel: String,
}

impl OptOut {
    /// The token of it.
    #[must_use]
    pub fn token(&self, key: &[u8]) -> String {
        let text = format!("{FORM}|{}|{}|{}", hex::encode(self.subscriber), self.system, self.channel);
        let seal = mac(key, &[text.as_bytes()]).map(|mac| mac.finalize().into_bytes().to_vec()).unwrap_or_default();
        format!("{}.{}", URL_SAFE_NO_PAD.encode(&text), URL_SAFE_NO_PAD.encode(seal))
    }

    /// What a token says; none where we did not write it.
    #[must_use]
    pub fn read(token: &str, key: &[u8]) -> Option<Self> {
        let (text, seal) = token.split_once('.')?;
        let (text, seal) = (URL_SAFE_NO_PAD.decode(text).ok()?, URL_SAFE_NO_PAD.decode(seal).ok()?);
        mac(key, &[&text])?.verify_slice(&seal).ok()?;
        let text = String::from_utf8(text).ok()?;
        let mut parts = text.split('|');
        let (form, subscriber, system, channel) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let subscriber = hex::decode(subscriber).ok()?.try_into().ok()?;
        (form == FORM).then(|| Self { subscriber, system: system.to_owned(), channel: channel.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_as_others_do() {
        // RFC 4231, test case 2.
        let signature = sign(b"Jefe", &[b"what do ya want ", b"for nothing?"]);
        assert_eq!(signature, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }

    #[test]
    fn a_token_says_what_was_written_and_nothing_else() {
        let opt_out = OptOut { subscriber: [7; 32], system: "epgu".into(), channel: "email".into() };
        let token = opt_out.token(b"key");
        assert_eq!(OptOut::read(&token, b"key"), Some(opt_out));
        assert_eq!(OptOut::read(&token, b"another key"), None);
        for (at, sign) in token.char_indices() {
            let other = if sign == 'A' { "B" } else { "A" };
            let mut changed = token.clone();
            changed.replace_range(at..=at, other);
            assert_eq!(OptOut::read(&changed, b"key"), None, "{at}");
        }
        for wrong in ["", ".", "a.b", "YQ.YQ"] {
            assert_eq!(OptOut::read(wrong, b"key"), None, "{wrong}");
        }
    }
}
