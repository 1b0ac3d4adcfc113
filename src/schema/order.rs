//! Orders things so that each comes after what it needs, without recursion, and tells what goes in circles.

/// The order of `0..count`, and every index that lies on a circle or needs one that does.
pub(super) fn order(count: usize, needs: impl Fn(usize) -> Vec<usize>) -> (Vec<usize>, Vec<usize>) {
    #[derive(Clone, Copy, PartialEq)]
    enum Mark {
        New,
        Open,
        Done,
    }
    let mut marks = vec![Mark::New; count];
    let mut sorted = Vec::with_capacity(count);
    let mut circular = Vec::new();
    for start in 0..count {
        if marks[start] != Mark::New {
            continue;
        }
        marks[start] = Mark::Open;
        let mut stack = vec![(start, needs(start))];
        while let Some((index, left)) = stack.last_mut() {
            let index = *index;
            match left.pop() {
                Some(next) if marks[next] == Mark::New => {
                    marks[next] = Mark::Open;
                    stack.push((next, needs(next)));
                }
                Some(next) if marks[next] == Mark::Open => circular.push(next),
                Some(_) => {}
                None => {
                    marks[index] = Mark::Done;
                    sorted.push(index);
                    stack.pop();
                }
            }
        }
    }
    circular.sort_unstable();
    circular.dedup();
    (sorted, circular)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn needs_come_first_and_circles_are_told() {
        let needs: [&[usize]; 5] = [&[1, 2], &[2], &[], &[4], &[3]];
        let (sorted, circular) = order(5, |index| needs[index].to_vec());
        let place = |index| sorted.iter().position(|found| *found == index);
        assert!(place(2) < place(1) && place(1) < place(0));
        assert_eq!(circular, [3]);
        let (long, _) = order(100_000, |index| if index + 1 < 100_000 { vec![index + 1] } else { Vec::new() });
        assert_eq!(long.first(), Some(&99_999));
    }
}
