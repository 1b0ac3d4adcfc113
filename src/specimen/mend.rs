//! Mending: what holds between values is brought about when the tree is there. References get an ID, key references the
//! values of a key, and values that have to fit each other are drawn until they do.

use super::Impossible;
use super::tree::{Node, Spot};
use super::value::{REFERENCE, Values};
use crate::rules::Rules;
use crate::rules::sealed::{Datum, Identity, IdentityId, IdentityKind, Pair, TypeId};

/// How often a pair of values is drawn anew, and all pairs of a document are gone through.
const PAIR_DRAWS_MAX: usize = 400;
const ROUNDS_MAX: usize = 20;

/// Mends a tree.
pub(super) fn mend(rules: &Rules, root: &mut Node, values: &mut Values<'_>) -> Result<(), Impossible> {
    refer_to_ids(rules, root, values)?;
    for _ in 0..ROUNDS_MAX {
        if fit_pairs(rules, root, values)? {
            break;
        }
    }
    refer_to_keys(rules, root, values);
    Ok(())
}

/// Puts IDs of the document in the place of references. What a reference must be, because its type lists it, some ID
/// becomes.
fn refer_to_ids(rules: &Rules, root: &mut Node, values: &mut Values<'_>) -> Result<(), Impossible> {
    let spots = root.spots();
    let is_id =
        |spot: &&Spot| root.value(spot).and_then(|value| value.simple).is_some_and(|simple| rules.is_id(simple));
    let mut free: Vec<Spot> = spots.iter().filter(is_id).cloned().collect();
    let mut ids: Vec<String> =
        free.iter().filter_map(|spot| root.value(spot)).map(|value| value.text.clone()).collect();
    let demanded: Vec<String> = spots
        .iter()
        .filter_map(|spot| root.value(spot))
        .filter(|value| !value.text.contains(REFERENCE) && value.simple.is_some_and(|simple| values.refers(simple)))
        .flat_map(|value| value.text.split_ascii_whitespace().map(str::to_owned).collect::<Vec<_>>())
        .collect();
    for id in demanded {
        if ids.contains(&id) {
            continue;
        }
        let fits = |spot: &Spot| {
            let value = root.value(spot);
            value.is_some_and(|value| !value.fixed && value.simple.is_some_and(|simple| values.takes(simple, &id)))
        };
        let Some(place) = free.iter().position(fits) else { continue };
        if let Some(value) = root.value_mut(&free.swap_remove(place)) {
            ids.retain(|known| *known != value.text);
            value.text.clone_from(&id);
            ids.push(id);
        }
    }
    for spot in &spots {
        let Some(value) = root.value_mut(spot) else { continue };
        if !value.text.contains(REFERENCE) {
            continue;
        }
        let Some(simple) = value.simple else { continue };
        let start = values.random.below(ids.len());
        let mut turned = ids.iter().cycle().skip(start).take(ids.len());
        let mended = turned.find_map(|id| {
            let text = value.text.replace(REFERENCE, id);
            values.takes(simple, &text).then_some(text)
        });
        value.text = mended.ok_or_else(|| values.impossible(simple, "there is no ID that it could refer to"))?;
    }
    Ok(())
}

/// Draws values that stand in a pair anew until they fit; tells whether all of them had been fitting.
fn fit_pairs(rules: &Rules, root: &mut Node, values: &mut Values<'_>) -> Result<bool, Impossible> {
    let mut fitting = true;
    for way in root.ways() {
        let Some(TypeId::Complex(id)) = root.at(&way).type_id else { continue };
        for pair in &rules.complex(id).pairs {
            let ends = pair.paths.each_ref().map(|path| root.values(rules, &way, path).into_iter().next());
            if let [Some(one), Some(other)] = ends {
                fitting &= fit(rules, root, values, pair, [&one, &other])?;
            }
        }
    }
    Ok(fitting)
}

fn fit(
    rules: &Rules,
    root: &mut Node,
    values: &mut Values<'_>,
    pair: &Pair,
    ends: [&Spot; 2],
) -> Result<bool, Impossible> {
    for draw in 0..PAIR_DRAWS_MAX {
        let meant = ends.map(|spot| meaning(rules, root, values, spot));
        let [Some(one), Some(other)] = meant else { return Ok(true) };
        if (pair.check.holds)(&one, &other) {
            return Ok(draw == 0);
        }
        let spot = ends[draw % 2];
        let Some(value) = root.value(spot).filter(|value| !value.fixed) else { continue };
        let Some(simple) = value.simple else { continue };
        let text = values.draw(simple)?;
        if let Some(value) = root.value_mut(spot) {
            value.text = text;
        }
    }
    let component = format!("check {} ({} and {})", pair.check.name, pair.sources[0], pair.sources[1]);
    Err(Impossible { component, reason: "no two values were found that fit each other".to_owned() })
}

fn meaning(rules: &Rules, root: &Node, values: &Values<'_>, spot: &Spot) -> Option<Datum<'static>> {
    let value = root.value(spot)?;
    rules.assess(value.simple?, &value.text, &values.table, |datum, _| datum.clone().into_owned()).ok()
}

/// Gives every key reference the values of some element with its key.
fn refer_to_keys(rules: &Rules, root: &mut Node, values: &mut Values<'_>) {
    for way in root.ways() {
        let Some(declaration) = root.at(&way).declaration else { continue };
        for identity in &rules.element_declaration(declaration).identities {
            let reference = rules.identity(*identity);
            let IdentityKind::Keyref(key) = reference.kind else { continue };
            let keys = keys_below(rules, root, &way, key);
            for (number, referring) in root.select(rules, &way, &reference.selector).into_iter().enumerate() {
                refer(rules, root, values, reference, &referring, &keys, number);
            }
        }
    }
}

/// The values of a key among the elements at and below `way` that declare it.
fn keys_below(rules: &Rules, root: &Node, way: &[usize], key: IdentityId) -> Vec<Vec<String>> {
    let mut keys = Vec::new();
    let definition = rules.identity(key);
    for below in root.ways().into_iter().filter(|below| below.starts_with(way)) {
        let declares = |id| rules.element_declaration(id).identities.contains(&key);
        if !root.at(&below).declaration.is_some_and(declares) {
            continue;
        }
        for selected in root.select(rules, &below, &definition.selector) {
            let texts: Option<Vec<String>> = fields(rules, root, definition, &selected).map(|spots| {
                spots.iter().filter_map(|spot| root.value(spot)).map(|value| value.text.clone()).collect()
            });
            keys.extend(texts.filter(|texts| texts.len() == definition.fields.len()));
        }
    }
    keys
}

/// The values that the fields of an identity constraint lead to; nothing where one leads nowhere.
fn fields(rules: &Rules, root: &Node, identity: &Identity, selected: &[usize]) -> Option<Vec<Spot>> {
    identity.fields.iter().map(|field| root.values(rules, selected, field).into_iter().next()).collect()
}

fn refer(
    rules: &Rules,
    root: &mut Node,
    values: &Values<'_>,
    reference: &Identity,
    referring: &[usize],
    keys: &[Vec<String>],
    number: usize,
) {
    let Some(spots) = fields(rules, root, reference, referring) else { return };
    let fits = |key: &&Vec<String>| {
        key.iter().zip(&spots).all(|(text, spot)| {
            let value = root.value(spot);
            value.is_some_and(|value| {
                let same = value.text == *text;
                same || !value.fixed && value.simple.is_some_and(|simple| values.takes(simple, text))
            })
        })
    };
    let Some(key) = keys.iter().cycle().skip(number).take(keys.len()).find(fits) else { return };
    for (text, spot) in key.iter().zip(&spots) {
        if let Some(value) = root.value_mut(spot) {
            value.text.clone_from(text);
        }
    }
}
