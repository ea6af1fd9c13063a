//! Sorts: one function for all that is sorted while events are read. The standard library's sorts are compiled once
//! for each type, some kilobytes each.
use std::cmp::Ordering;

/// Sorts so that equals keep their order. It takes the time of a heap sort, whatever the list.
pub fn sort_by<T>(list: &mut [T], compare: impl Fn(&T, &T) -> Ordering) {
    let mut order: Vec<usize> = (0..list.len()).collect();
    let by = |left: usize, right: usize| match (list.get(left), list.get(right)) {
        (Some(left), Some(right)) => compare(left, right),
        _ => Ordering::Equal,
    };
    sort_indices(&mut order, &by);
    permute(&mut order, &mut |left, right| list.swap(left, right));
}

/// The same by a number.
pub fn sort_by_key<T>(list: &mut [T], key: impl Fn(&T) -> u64) {
    sort_by(list, |left, right| key(left).cmp(&key(right)));
}

/// Sorts indices by what they stand for, and equals by the index.
#[inline(never)]
fn sort_indices(order: &mut [usize], by: &dyn Fn(usize, usize) -> Ordering) {
    let above = |order: &[usize], left: usize, right: usize| match (order.get(left), order.get(right)) {
        (Some(&left), Some(&right)) => by(left, right).then(left.cmp(&right)).is_gt(),
        _ => false,
    };
    let len = order.len();
    // First the heap is made, from its last parent up; then its top is moved to the place after its end.
    for step in (0..len.saturating_add(len / 2)).rev() {
        let (mut parent, end) = match step.checked_sub(len) {
            Some(parent) => (parent, len),
            None => {
                order.swap(0, step);
                (0, step)
            }
        };
        loop {
            let left = parent.saturating_mul(2).saturating_add(1);
            let right = left.saturating_add(1);
            if left >= end {
                break;
            }
            let child = if right < end && above(order, right, left) { right } else { left };
            if !above(order, child, parent) {
                break;
            }
            order.swap(child, parent);
            parent = child;
        }
    }
}

/// Brings to each place what stands at the index that `order` has there.
#[inline(never)]
fn permute(order: &mut [usize], swap: &mut dyn FnMut(usize, usize)) {
    for start in 0..order.len() {
        let mut place = start;
        // Each swap brings one to its place, so that the whole is as long as the list.
        while let Some(from) = order.get_mut(place) {
            let from = std::mem::replace(from, place);
            if from == start {
                break;
            }
            swap(place, from);
            place = from;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_is_the_order_of_the_standard_library(list in prop::collection::vec(0_u8..20, 0..60)) {
            let mut expected: Vec<(u8, usize)> = list.into_iter().zip(0..).collect();
            let mut sorted = expected.clone();
            expected.sort_by_key(|(key, _)| *key);
            sort_by_key(&mut sorted, |(key, _)| u64::from(*key));
            prop_assert_eq!(&sorted, &expected);
            expected.sort_by_key(|(key, _)| std::cmp::Reverse(*key));
            sort_by(&mut sorted, |left, right| right.0.cmp(&left.0));
            prop_assert_eq!(sorted, expected);
        }
    }
}
