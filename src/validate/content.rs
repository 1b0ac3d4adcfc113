//! Content models at work: where a child leads, what could have stood in its place, and whether content may end.

use std::collections::{HashMap, HashSet};

use super::walk::Open;
use crate::rules::Rules;
use crate::rules::sealed::{
    Accept, BandsId, Counter, ElementId, GuardId, Member, ModelKind, NameId, NamespaceId, StateId, Step, WildStep,
    WildcardId,
};

/// Ways to read counted content that are followed side by side at most.
const CONFIGURATIONS_MAX: usize = 1000;
/// Up to so many, each new one is compared with all others.
const COMPARED_MAX: usize = 32;
/// Names of what could stand at a place that are told at most.
const WORDS_MAX: usize = 200;
/// Up to this many steps are looked through one by one.
const LINEAR_MAX: usize = 8;

/// Where a child leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Led {
    /// To an element declaration; whether the element can occur again.
    Element(ElementId, bool),
    /// Through a wildcard; whether it can be taken again.
    Wildcard(WildcardId, bool),
    /// Nowhere: it cannot stand here.
    Nowhere,
    /// There are too many ways to read the content.
    TooAmbiguous,
}

/// A transition to be taken if its guards hold.
#[derive(Debug, Clone, Copy)]
struct Move {
    target: StateId,
    leave: GuardId,
    guard: GuardId,
}

impl Move {
    fn over(leave: GuardId, step: &Step) -> Self {
        Self { target: step.target, leave, guard: step.guard }
    }
}

/// Takes the child `name` from where the content of `open` is.
#[inline]
pub(super) fn take(
    rules: &Rules,
    open: &mut Open,
    counters: &mut Vec<u32>,
    namespace: NamespaceId,
    name: NameId,
) -> Led {
    let (start, bounds) = match &rules.model(open.model).kind {
        ModelKind::All { members, .. } => return take_member(rules, open, counters, members, name),
        ModelKind::Automaton { start, counters } => (*start, counters),
    };
    debug_assert!(open.state.index() >= start.index());
    if rules.state(open.state).bands != BandsId::NONE {
        return take_banded(rules, open, counters, bounds, namespace, name);
    }
    let steps = rules.steps(open.state);
    if let Some(found) = find(steps, name) {
        let only = steps.get(found + 1).is_none_or(|next| next.name != name);
        let step = steps[found];
        if only && step.guard == GuardId::NONE {
            open.state = step.target;
            return Led::Element(step.element, rules.state(step.target).repeats);
        }
        let named = steps[found..].iter().take_while(|step| step.name == name);
        let moves = named.clone().map(|step| Move::over(GuardId::NONE, step));
        match take_guarded(rules, open, counters, bounds, moves) {
            Taken::Yes => {
                let taken = named.into_iter().find(|step| step.target == open.state).unwrap_or(&step);
                return Led::Element(taken.element, rules.state(open.state).repeats);
            }
            Taken::TooAmbiguous => return Led::TooAmbiguous,
            Taken::No => {}
        }
    }
    if let Some(led) = take_substitute(rules, open, counters, bounds, name) {
        return led;
    }
    let steps = rules.wild_steps(open.state);
    take_wildcard(rules, open, counters, bounds, namespace, steps.iter().map(|step| (GuardId::NONE, step)))
}

/// Takes the child `name` from a state whose steps are stretches of bands.
#[cold]
fn take_banded(
    rules: &Rules,
    open: &mut Open,
    counters: &mut Vec<u32>,
    bounds: &[Counter],
    namespace: NamespaceId,
    name: NameId,
) -> Led {
    let from = open.state;
    let named = || rules.banded_steps(from, name);
    match take_guarded(rules, open, counters, bounds, named().map(|(leave, step)| Move::over(leave, step))) {
        Taken::Yes => {
            let taken = named().find(|(_, step)| step.target == open.state);
            return taken.map_or(Led::Nowhere, |(_, step)| Led::Element(step.element, rules.state(open.state).repeats));
        }
        Taken::TooAmbiguous => return Led::TooAmbiguous,
        Taken::No => {}
    }
    if let Some(led) = take_substitute(rules, open, counters, bounds, name) {
        return led;
    }
    take_wildcard(rules, open, counters, bounds, namespace, rules.all_wild_steps(from))
}

/// The first step over `name`.
#[inline]
fn find(steps: &[Step], name: NameId) -> Option<usize> {
    if steps.len() <= LINEAR_MAX {
        return steps.iter().position(|step| step.name == name);
    }
    let at = steps.partition_point(|step| step.name < name);
    (steps.get(at)?.name == name).then_some(at)
}

/// Takes an element in place of a head of its substitution group.
fn take_substitute(
    rules: &Rules,
    open: &mut Open,
    counters: &mut Vec<u32>,
    bounds: &[Counter],
    name: NameId,
) -> Option<Led> {
    let member = rules.global_element(name)?;
    for head in &rules.element_declaration(member).heads {
        let head_name = rules.element_declaration(*head).name;
        let steps = rules.steps(open.state);
        let own = find(steps, head_name).map_or(&[][..], |found| &steps[found..]);
        let own = own.iter().take_while(|step| step.name == head_name).map(|step| (GuardId::NONE, step));
        let steps = own.chain(rules.banded_steps(open.state, head_name));
        let moves = steps.filter(|(_, step)| step.element == *head).map(|(leave, step)| Move::over(leave, step));
        match take_guarded(rules, open, counters, bounds, moves) {
            Taken::Yes => return Some(Led::Element(member, rules.state(open.state).repeats)),
            Taken::TooAmbiguous => return Some(Led::TooAmbiguous),
            Taken::No => {}
        }
    }
    None
}

fn take_wildcard<'r>(
    rules: &'r Rules,
    open: &mut Open,
    counters: &mut Vec<u32>,
    bounds: &[Counter],
    namespace: NamespaceId,
    steps: impl Iterator<Item = (GuardId, &'r WildStep)> + Clone,
) -> Led {
    let mut tried = None;
    for (_, step) in steps.clone() {
        // Those of one wildcard stand together in a row; trying them again from another row changes nothing.
        if tried == Some(step.wildcard) || !rules.wildcard(step.wildcard).namespaces.allows(namespace) {
            continue;
        }
        tried = Some(step.wildcard);
        let same = steps.clone().filter(|(_, other)| other.wildcard == step.wildcard);
        let moves = same.map(|(leave, step)| Move { target: step.target, leave, guard: step.guard });
        match take_guarded(rules, open, counters, bounds, moves) {
            Taken::Yes => return Led::Wildcard(step.wildcard, rules.state(open.state).repeats),
            Taken::TooAmbiguous => return Led::TooAmbiguous,
            Taken::No => {}
        }
    }
    Led::Nowhere
}

enum Taken {
    Yes,
    No,
    TooAmbiguous,
}

/// Takes every move whose guard holds, in every configuration of the counters; all lead to the same state, for content
/// models are deterministic but for their counts.
fn take_guarded(
    rules: &Rules,
    open: &mut Open,
    counters: &mut Vec<u32>,
    bounds: &[Counter],
    moves: impl Iterator<Item = Move> + Clone,
) -> Taken {
    let width = bounds.len();
    if width == 0 {
        let Some(only) = moves.clone().next() else { return Taken::No };
        open.state = only.target;
        return Taken::Yes;
    }
    let old = open.configurations * width;
    let base = open.counters;
    let mut target = None;
    for row in 0..open.configurations {
        let from = base + row * width;
        for step in moves.clone() {
            let counts = &counters[from..from + width];
            let holds = rules.guard_holds(step.leave, bounds, counts) && rules.guard_holds(step.guard, bounds, counts);
            if !holds || target.is_some_and(|target| target != step.target) {
                continue;
            }
            target = Some(step.target);
            let fresh = counters.len();
            counters.extend_from_within(from..from + width);
            rules.guard_counts(step.guard, bounds, &mut counters[fresh..]);
            if counters.len() - (base + old) <= COMPARED_MAX * width {
                keep_best(counters, base + old, bounds);
            }
        }
    }
    let Some(target) = target else { return Taken::No };
    if counters.len() - (base + old) > COMPARED_MAX * width {
        thin_out(counters, base + old, bounds);
    }
    counters.drain(base..base + old);
    open.state = target;
    open.configurations = (counters.len() - base) / width;
    if open.configurations > CONFIGURATIONS_MAX { Taken::TooAmbiguous } else { Taken::Yes }
}

/// Whether one configuration can do all that another can.
fn outdoes(one: &[u32], other: &[u32], bounds: &[Counter]) -> bool {
    bounds.iter().zip(one.iter().zip(other)).all(|(bound, (one, other))| {
        // Once enough, the lower count leaves more room.
        one == other || *one >= bound.least && (bound.most == u32::MAX || *other >= bound.least && one <= other)
    })
}

/// The counts of a configuration as far as they matter for what it may outdo.
fn reached<'r>(row: &'r [u32], bounds: &'r [Counter]) -> impl Iterator<Item = u32> + 'r {
    row.iter().zip(bounds).map(|(count, bound)| *count.min(&bound.least))
}

/// Keeps of many configurations, from `start` on, those that none outdoes which has not reached the same counts.
#[cold]
fn thin_out(counters: &mut Vec<u32>, start: usize, bounds: &[Counter]) {
    let mut rows: Vec<&[u32]> = counters[start..].chunks_exact(bounds.len()).collect();
    // Where a count is not enough, only the same one may be outdone; so those stand together that may outdo each other.
    rows.sort_unstable_by(|one, other| reached(one, bounds).cmp(reached(other, bounds)).then_with(|| one.cmp(other)));
    rows.dedup();
    let mut kept: Vec<&[u32]> = Vec::new();
    for alike in rows.chunk_by(|one, other| reached(one, bounds).eq(reached(other, bounds))) {
        let first = kept.len();
        for row in alike {
            if !kept[first..].iter().any(|known| outdoes(known, row, bounds)) {
                kept.push(row);
            }
        }
    }
    let kept = kept.concat();
    counters.truncate(start);
    counters.extend(kept);
}

/// Keeps the configuration at the end of `counters` only if none of the others from `start` on can do all that it can;
/// else it takes the place of those that it outdoes.
fn keep_best(counters: &mut Vec<u32>, start: usize, bounds: &[Counter]) {
    let width = bounds.len();
    let fresh = counters.len() - width;
    let outdoes =
        |one: usize, other: usize| outdoes(&counters[one..one + width], &counters[other..other + width], bounds);
    let others = (start..fresh).step_by(width);
    if others.clone().any(|known| outdoes(known, fresh)) {
        return counters.truncate(fresh);
    }
    let outdone: Vec<usize> = others.filter(|known| outdoes(fresh, *known)).collect();
    for known in outdone.into_iter().rev() {
        counters.drain(known..known + width);
    }
}

/// Takes a member of an `all` group; the counters are used as bits of what has been seen.
fn take_member(rules: &Rules, open: &Open, counters: &mut [u32], members: &[Member], name: NameId) -> Led {
    let place = |name: NameId| members.binary_search_by_key(&name, |member| member.name).ok();
    let substitute = || {
        let member = rules.global_element(name)?;
        let heads = rules.element_declaration(member).heads.iter();
        let mut places = heads.filter_map(|head| {
            let at = place(rules.element_declaration(*head).name)?;
            (members[at].element == *head).then_some((at, member))
        });
        places.next()
    };
    let found = place(name).map(|at| (at, members[at].element)).or_else(substitute);
    let Some((at, element)) = found else { return Led::Nowhere };
    let word = &mut counters[open.counters + at / 32];
    let bit = 1 << (at % 32);
    if *word & bit != 0 {
        return Led::Nowhere;
    }
    *word |= bit;
    Led::Element(element, false)
}

/// How many counters a model needs for a fresh element.
pub(super) fn counters_of(kind: &ModelKind) -> usize {
    match kind {
        ModelKind::Automaton { counters, .. } => counters.len(),
        ModelKind::All { members, .. } => members.len().div_ceil(32),
    }
}

/// Whether the content of `open` may end where it is.
pub(super) fn may_end(rules: &Rules, open: &Open, counters: &[u32], has_children: bool) -> bool {
    match &rules.model(open.model).kind {
        ModelKind::All { members, optional } => {
            *optional && !has_children || missing_members(open, counters, members).next().is_none()
        }
        ModelKind::Automaton { counters: bounds, .. } => match rules.state(open.state).accept {
            Accept::Yes => true,
            Accept::No => false,
            Accept::When(guard) => {
                configurations(open, counters, bounds).any(|row| rules.guard_holds(guard, bounds, row))
            }
        },
    }
}

fn configurations<'c>(open: &Open, counters: &'c [u32], bounds: &[Counter]) -> impl Iterator<Item = &'c [u32]> {
    let width = bounds.len().max(1);
    counters[open.counters..].chunks_exact(width).take(open.configurations)
}

fn missing_members<'m>(open: &Open, counters: &[u32], members: &'m [Member]) -> impl Iterator<Item = &'m Member> {
    let seen = move |at: usize| counters[open.counters + at / 32] >> (at % 32) & 1 == 1;
    let missing: Vec<&Member> = members
        .iter()
        .enumerate()
        .filter(|(at, member)| member.required && !seen(*at))
        .map(|(_, member)| member)
        .collect();
    missing.into_iter()
}

/// Names of elements, and wildcards, that could stand where the content of `open` is, in the order of the schema.
pub(super) fn expected(rules: &Rules, open: &Open, counters: &[u32]) -> Vec<String> {
    let mut words = Vec::new();
    match &rules.model(open.model).kind {
        ModelKind::All { members, .. } => {
            let seen = |at: usize| counters[open.counters + at / 32] >> (at % 32) & 1 == 1;
            let left = members.iter().enumerate().filter(|(at, _)| !seen(*at));
            let mut left: Vec<&Member> = left.map(|(_, member)| member).collect();
            left.sort_by_key(|member| (!member.required, member.element));
            words.extend(left.iter().take(WORDS_MAX).map(|member| rules.local_name(member.name).to_owned()));
        }
        ModelKind::Automaton { counters: bounds, .. } => {
            let open_now = |leave: GuardId, guard: GuardId| {
                let holds =
                    |row: &[u32]| rules.guard_holds(leave, bounds, row) && rules.guard_holds(guard, bounds, row);
                bounds.is_empty() || configurations(open, counters, bounds).any(holds)
            };
            let steps = rules.all_steps(open.state).filter(|(leave, step)| open_now(*leave, step.guard));
            let mut steps: Vec<&Step> = steps.map(|(_, step)| step).collect();
            steps.sort_by_key(|step| step.target);
            for step in steps {
                if words.len() >= WORDS_MAX {
                    break;
                }
                let element = rules.element_declaration(step.element);
                let heads = if element.global { rules.substitutes(step.element) } else { Vec::new() };
                if !element.is_abstract {
                    words.push(rules.local_name(step.name).to_owned());
                }
                let others = heads.iter().map(|id| rules.element_declaration(*id)).filter(|other| !other.is_abstract);
                words.extend(others.map(|other| rules.local_name(other.name).to_owned()));
            }
            for (_, step) in rules.all_wild_steps(open.state).filter(|(leave, step)| open_now(*leave, step.guard)) {
                words.push(rules.wildcard_words(step.wildcard));
            }
        }
    }
    let mut seen = HashSet::new();
    words.retain(|word| seen.insert(word.clone()));
    words
}

/// Where each element of a content model leads to, and its declaration.
pub(super) type Places = HashMap<NameId, (Option<StateId>, ElementId)>;

/// The places of all elements that a content model knows, those nearest to its start.
pub(super) fn places(rules: &Rules, kind: &ModelKind) -> Places {
    let ModelKind::Automaton { start, .. } = kind else {
        return rules.model_elements(kind).into_iter().map(|(name, element)| (name, (None, element))).collect();
    };
    let mut places = Places::new();
    for step in rules.steps_onwards(*start) {
        places.entry(step.name).or_insert((Some(step.target), step.element));
    }
    places
}

/// Sets the content of `open` behind an element that came where it should not, if the model knows it anywhere. Where it
/// then leads.
pub(super) fn resume(rules: &Rules, places: &Places, open: &mut Open, name: NameId) -> Option<Led> {
    let (target, element) = *places.get(&name)?;
    open.state = target.unwrap_or(open.state);
    Some(Led::Element(element, target.is_some_and(|target| rules.state(target).repeats)))
}
