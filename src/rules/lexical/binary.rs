//! `hexBinary` and `base64Binary`: octets, told by their length while validating and decoded only when asked for.

/// Octets that `text` stands for in hexadecimal digits; `None` where it is no `hexBinary`.
pub(crate) fn hex_length(text: &str) -> Option<usize> {
    (text.len().is_multiple_of(2) && text.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(text.len() / 2)
}

/// The octets of a valid `hexBinary`.
pub(crate) fn hex_decode(text: &str) -> Vec<u8> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok()).unwrap_or(0);
    text.as_bytes().chunks_exact(2).map(|pair| digit(&pair[0]) << 4 | digit(&pair[1])).collect()
}

/// What each byte means in base64: a value below 64, or one of the marks.
static BASE64: [u8; 256] = base64_table();
const PAD: u8 = 64;
const SPACE: u8 = 65;
const WRONG: u8 = 66;

const fn base64_table() -> [u8; 256] {
    let mut table = [WRONG; 256];
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut value = 0;
    while value < 64_u8 {
        table[letters[value as usize] as usize] = value;
        value += 1;
    }
    table[b'=' as usize] = PAD;
    table[b' ' as usize] = SPACE;
    table[b'\t' as usize] = SPACE;
    table[b'\n' as usize] = SPACE;
    table[b'\r' as usize] = SPACE;
    table
}

/// Octets that `text` stands for in base64, white space between its letters left out of account; `None` where it is no `base64Binary`.
pub(crate) fn base64_length(text: &str) -> Option<usize> {
    let mut digits: usize = 0;
    let mut pads: usize = 0;
    let mut last = 0;
    for byte in text.bytes() {
        match BASE64[usize::from(byte)] {
            WRONG => return None,
            SPACE => {}
            PAD => pads += 1,
            _ if pads > 0 => return None,
            value => {
                digits += 1;
                last = value;
            }
        }
    }
    // The bits of the last digit that belong to no octet must be zero.
    let spare_bits_clear = match pads {
        0 => true,
        1 => last & 0b11 == 0,
        2 => last & 0b1111 == 0,
        _ => return None,
    };
    ((digits + pads).is_multiple_of(4) && spare_bits_clear).then_some(digits * 3 / 4)
}

/// The octets of a valid `base64Binary`.
pub(crate) fn base64_decode(text: &str) -> Vec<u8> {
    let mut octets = Vec::with_capacity(text.len() / 4 * 3);
    let mut bits: u32 = 0;
    let mut count = 0;
    for byte in text.bytes() {
        let value = BASE64[usize::from(byte)];
        if value >= PAD {
            continue;
        }
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            let [.., octet] = (bits >> count).to_be_bytes();
            octets.push(octet);
        }
    }
    octets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_exact() {
        for (text, octets) in [
            ("", &b""[..]),
            ("QQ==", b"A"),
            ("QUI=", b"AB"),
            ("QUJD", b"ABC"),
            ("Q U J D", b"ABC"),
            ("QQ= =", b"A"),
            ("QU\n\tJD", b"ABC"),
            ("/+8=", &[0xFF, 0xEF]),
        ] {
            assert_eq!(base64_length(text), Some(octets.len()), "{text}");
            assert_eq!(base64_decode(text), octets, "{text}");
        }
        for wrong in ["Q", "QQ", "QQ=", "QR==", "QUJ=", "====", "QQ==QQ==", "QQ*=", "=QQQ"] {
            assert_eq!(base64_length(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn hex_is_exact() {
        assert_eq!(hex_length("0fB7"), Some(2));
        assert_eq!(hex_decode("0fB7"), [0x0F, 0xB7]);
        assert_eq!(hex_length(""), Some(0));
        for wrong in ["0", "0g", "0 f1"] {
            assert_eq!(hex_length(wrong), None, "{wrong}");
        }
    }
}
