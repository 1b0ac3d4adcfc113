//! Messages of about 4 KB for `order.xsd`: persons and organizations, documents that refer to them, dates and money.

use std::fmt::Write as _;

/// Every so many messages one is invalid.
pub(crate) const INVALID_EVERY: usize = 10;

/// A message of about 4 KB, the same for the same number.
pub(crate) fn message(number: usize) -> String {
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Order xmlns=\"urn:mezhved:bench\">\n");
    let broken = number % INVALID_EVERY == INVALID_EVERY - 1;
    write!(
        text,
        "  <Number>EP-{:06}</Number>\n  <Kind>{}</Kind>\n  <Moment>2026-0{}-1{}T0{}:30:15.250+03:00</Moment>\n  <Parties>\n",
        number,
        ["new", "change", "cancellation", "appeal"][number % 4],
        number % 9 + 1,
        number % 10,
        number % 10
    )
    .expect("writing to a string");
    for party in 0..3 {
        let id = format!("PA-{:04}", number * 10 + party);
        if party == 1 {
            write!(text, "    <Organization id=\"{id}\">\n      <Name>Общество с ограниченной ответственностью «Пример № {number}»</Name>\n      <Inn>77{number:08}</Inn>\n      <Phone>+7495{number:07}</Phone>\n      <Ogrn>10277{number:08}</Ogrn>\n      <Head>Образцова Вымышлена Примеровна</Head>\n    </Organization>\n")
        } else {
            write!(text, "    <Person id=\"{id}\">\n      <Name>Примеров Образец Вымышленович {party}</Name>\n      <Inn>7712{number:08}</Inn>\n      <Birth>19{:02}-0{}-2{}</Birth>\n      <Snils>112-233-{number:03} 95</Snils>\n    </Person>\n", 50 + number % 50, number % 9 + 1, number % 9)
        }
        .expect("writing to a string");
    }
    text.push_str("  </Parties>\n  <Documents>\n");
    for document in 0..7 {
        let holder = if broken && document == 3 { 9999 } else { number * 10 + document % 3 };
        write!(
            text,
            "    <Document number=\"DO-{:05}\" holder=\"PA-{holder:04}\"{}>\n      <Title>Выписка из единого реестра № {document}</Title>\n      <Issued>202{}-0{}-1{}</Issued>\n      {}\n      <Pages>{}</Pages>\n      <Fee>{}.{:02}</Fee>\n      <Note>Документ приложен заявителем &amp; проверен</Note>\n    </Document>\n",
            number * 10 + document,
            if document.is_multiple_of(2) { " original=\"true\"" } else { "" },
            document % 6,
            document + 1,
            document,
            if document.is_multiple_of(2) { "<ValidUntil>2031-12-31</ValidUntil>" } else { "<Unlimited/>" },
            document * 3 + 1,
            document * 350,
            number % 100,
        )
        .expect("writing to a string");
    }
    write!(text, "  </Documents>\n  <Total>{}.50</Total>\n</Order>\n", 1000 + number).expect("writing to a string");
    text
}
