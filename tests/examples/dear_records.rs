//! Looks for records that are costly to judge: changes recipes of `expensive` towards more fuel, and prints the most
//! costly.
//!
//! usage: cargo run --example dear_records -- [SECONDS [SEED]]      (after `make dist/schtag.wasm`)
#![allow(clippy::print_stdout, clippy::indexing_slicing, reason = "a program for a terminal")]

use schtag_tests::expensive::{Recipe, allowed};
use schtag_tests::filter::{self, Filter};
use schtag_tests::mutations::Mutations;
use std::time::{Duration, Instant};

/// Lines of search that go on side by side, each with records of another size.
const SIZES: [usize; 4] = [1_000, 3_400, 10_000, 60_000];
/// Recipes that are kept of each size.
const KEPT: usize = 24;

fn main() -> Result<(), String> {
    let number = |place: usize, default: u64| {
        std::env::args()
            .nth(place)
            .map_or(Ok(default), |text| text.parse().map_err(|_| format!("{text}: no number")))
    };
    let (seconds, seed) = (number(1, 60)?, number(2, 1)?);
    let module = filter::module()?;
    let mut filter = Filter::new(&module)?;
    let mut chance = Mutations::new(seed);
    let mut kept: [Vec<(u64, Recipe)>; 4] = Default::default();
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut tried = 0_u64;
    while Instant::now() < end {
        let line = chance.below(SIZES.len());
        let (size, pool) = (SIZES[line], &mut kept[line]);
        let recipe = match pool.get(chance.below(pool.len() + 2)) {
            Some((_, recipe)) => recipe.changed(&mut chance, size),
            None => Recipe::by_chance(&mut chance, size),
        };
        let record = recipe.record();
        let share = match filter.tag(&record, 0) {
            // In thousandths of what is allowed.
            Ok(_) => filter.fuel() * 1_000 / allowed(record.len(), filter.out()),
            Err(fault) => {
                println!("{fault}: {recipe:?}");
                filter = Filter::new(&module)?;
                u64::MAX
            }
        };
        tried += 1;
        if pool.iter().any(|(_, known)| *known == recipe) {
            continue;
        }
        if pool.first().is_none_or(|(best, _)| share > *best) {
            println!("{share:>6} of 1000, {} bytes: {recipe:?}", record.len());
        }
        pool.push((share, recipe));
        pool.sort_by_key(|(share, _)| std::cmp::Reverse(*share));
        pool.truncate(KEPT);
    }
    println!("{tried} records tried; the dearest of each size:");
    for (size, pool) in SIZES.iter().zip(&kept) {
        for (share, recipe) in pool.iter().take(5) {
            println!("{size} bytes, {share} of 1000: {recipe:?}");
        }
    }
    Ok(())
}
