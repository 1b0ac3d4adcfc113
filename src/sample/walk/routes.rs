//! Ways through a lifecycle that together take every transition.

use std::collections::{BTreeSet, HashMap, VecDeque};

use crate::domain::lifecycle::{Lifecycle, Status};

type Edge<'l> = (&'l str, &'l str);

/// Routes from the start; each names the statuses after it in order. Together they take every transition, and a lifecycle without one
/// has one empty route.
pub(super) fn all(lifecycle: &Lifecycle) -> Vec<Vec<&Status>> {
    let mut open: BTreeSet<Edge<'_>> = lifecycle
        .statuses()
        .iter()
        .flat_map(|from| from.next.iter().map(move |to| (from.code.as_str(), to.as_str())))
        .collect();
    let mut routes = Vec::new();
    loop {
        let mut route: Vec<&Status> = Vec::new();
        let mut here = lifecycle.start();
        while let Some(way) = to_the_nearest(lifecycle, here, &open) {
            for status in way {
                open.remove(&(here.code.as_str(), status.code.as_str()));
                here = status;
                route.push(status);
            }
        }
        if route.is_empty() {
            break;
        }
        routes.push(route);
    }
    if routes.is_empty() {
        routes.push(Vec::new());
    }
    routes
}

/// The shortest way to one of these statuses; none where it cannot be reached. The start itself is reached by no step.
pub(super) fn to<'l>(lifecycle: &'l Lifecycle, wanted: &[String]) -> Option<Vec<&'l Status>> {
    let start = lifecycle.start();
    if wanted.is_empty() || wanted.contains(&start.code) {
        return Some(Vec::new());
    }
    shortest(lifecycle, start, |_, to| wanted.contains(&to.code))
}

/// The shortest way to an end; none where there is no end.
pub(super) fn to_an_end<'l>(lifecycle: &'l Lifecycle, from: &'l Status) -> Option<Vec<&'l Status>> {
    shortest(lifecycle, from, |_, to| to.class.is_end())
}

/// The shortest way that ends with a transition which is still open.
fn to_the_nearest<'l>(
    lifecycle: &'l Lifecycle,
    from: &'l Status,
    open: &BTreeSet<Edge<'_>>,
) -> Option<Vec<&'l Status>> {
    shortest(lifecycle, from, |from, to| open.contains(&(from.code.as_str(), to.code.as_str())))
}

fn shortest<'l>(
    lifecycle: &'l Lifecycle,
    from: &'l Status,
    last: impl Fn(&Status, &Status) -> bool,
) -> Option<Vec<&'l Status>> {
    let mut came: HashMap<&str, &'l Status> = HashMap::new();
    let mut next = VecDeque::from([from]);
    while let Some(here) = next.pop_front() {
        for to in here.next.iter().filter_map(|code| lifecycle.status(code)) {
            if last(here, to) {
                let mut way = vec![to];
                let mut at = here;
                while at.code != from.code {
                    way.push(at);
                    at = came.get(at.code.as_str())?;
                }
                way.reverse();
                return Some(way);
            }
            if to.code != from.code && !came.contains_key(to.code.as_str()) {
                came.insert(&to.code, here);
                next.push_back(to);
            }
        }
    }
    None
}
