//! The document behind the pages, for those who do not see them: headings, paragraphs, tables with the headings of their columns.

use std::num::NonZeroU16;

use krilla::tagging::{Identifier, TableHeaderScope, Tag, TagGroup, TagTree};

use super::LANGUAGE;
use super::paging::Block;

/// Joins the blocks of a document with what was drawn of them, by owner.
pub(super) fn tree(blocks: &[Block], drawn: &mut [Vec<Identifier>]) -> TagTree {
    let mut tree = TagTree::new().with_lang(Some(LANGUAGE.to_owned()));
    for block in blocks {
        let group = match block {
            Block::Title(owner, text) => heading(NonZeroU16::MIN, text, &mut drawn[*owner]),
            Block::Heading(owner, text) => heading(NonZeroU16::MIN.saturating_add(1), text, &mut drawn[*owner]),
            Block::Paragraph(owner) => filled(TagGroup::new(Tag::P), &mut drawn[*owner]),
            Block::Table { head, rows } => table(head, rows, drawn),
        };
        tree.push(group);
    }
    tree
}

fn heading(level: NonZeroU16, text: &str, drawn: &mut Vec<Identifier>) -> TagGroup {
    filled(TagGroup::new(Tag::Hn(level, Some(text.to_owned()))), drawn)
}

fn filled(mut group: TagGroup, drawn: &mut Vec<Identifier>) -> TagGroup {
    drawn.drain(..).for_each(|one| group.push(one));
    group
}

fn table(head: &[usize], rows: &[Vec<usize>], drawn: &mut [Vec<Identifier>]) -> TagGroup {
    let mut headings = TagGroup::new(Tag::TR);
    for owner in head {
        headings.push(filled(TagGroup::new(Tag::TH(TableHeaderScope::Column)), &mut drawn[*owner]));
    }
    let mut table = TagGroup::new(Tag::Table);
    let mut thead = TagGroup::new(Tag::THead);
    thead.push(headings);
    table.push(thead);
    let mut body = TagGroup::new(Tag::TBody);
    for row in rows {
        let mut cells = TagGroup::new(Tag::TR);
        for owner in row {
            cells.push(filled(TagGroup::new(Tag::TD), &mut drawn[*owner]));
        }
        body.push(cells);
    }
    if !rows.is_empty() {
        table.push(body);
    }
    table
}
