//! Files that samples attach: tiny, and real ones of their kind.

/// A PNG of one grey pixel.
pub(super) const PNG: &[u8] = &[
    0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0x00, 0x00, 0x00, 0x0D, 0x49, 0x48, 0x44, 0x52, 0x00, 0x00, 0x00,
    0x01, 0x00, 0x00, 0x00, 0x01, 0x08, 0x00, 0x00, 0x00, 0x00, 0x3A, 0x7E, 0x9B, 0x55, 0x00, 0x00, 0x00, 0x0A, 0x49,
    0x44, 0x41, 0x54, 0x78, 0x9C, 0x63, 0x68, 0x00, 0x00, 0x00, 0x82, 0x00, 0x81, 0x77, 0xCD, 0x72, 0xB6, 0x00, 0x00,
    0x00, 0x00, 0x49, 0x45, 0x4E, 0x44, 0xAE, 0x42, 0x60, 0x82,
];

/// A PDF of one page with one line of Latin text.
pub(super) fn pdf(line: &str) -> Vec<u8> {
    let plain: String = line.chars().filter(|sign| sign.is_ascii_alphanumeric() || matches!(sign, ' ' | '-')).collect();
    let stream = format!("BT /F 12 Tf 20 50 Td ({plain}) Tj ET");
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 400 100] /Contents 4 0 R >>".to_owned(),
        format!("<< /Length {} >>\nstream\n{stream}\nendstream", stream.len()),
    ];
    let head = "%PDF-1.4\n".to_owned();
    let numbered = (1..).zip(&objects).map(|(number, object)| format!("{number} 0 obj\n{object}\nendobj\n"));
    let parts: Vec<String> = std::iter::once(head).chain(numbered).collect();
    let starts: Vec<usize> = (1..=parts.len()).map(|count| parts[..count].iter().map(String::len).sum()).collect();
    let [offsets @ .., table_start] = starts.as_slice() else {
        return Vec::new();
    };
    let table: Vec<String> = offsets.iter().map(|offset| format!("{offset:010} 00000 n \n")).collect();
    let tail = format!(
        "xref\n0 5\n0000000000 65535 f \n{}trailer\n<< /Size 5 /Root 1 0 R >>\nstartxref\n{table_start}\n%%EOF\n",
        table.concat()
    );
    (parts.concat() + &tail).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::media;

    #[test]
    fn files_are_what_they_say() {
        assert_eq!(media::told(PNG).media_type, Some("image/png"));
        let file = pdf("(plan) 2026-0001");
        assert_eq!(media::told(&file).media_type, Some(media::PDF));
        let text = String::from_utf8(file).unwrap();
        assert!(text.contains("(plan 2026-0001) Tj"));
        // The table of references points at its objects.
        let table = text.find("xref\n").unwrap();
        let at: usize = text[table + 29..table + 39].parse().unwrap();
        assert!(text[at..].starts_with("1 0 obj"));
    }
}
