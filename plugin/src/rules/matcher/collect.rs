//! Collects the hits of one table: tries the patterns of its fields on their values.

use super::hits::Hits;
use super::{FieldPatterns, Matcher, PART};
use crate::fields::{Field, Fields, View};
use crate::rules::compact::Folded;
use crate::rules::needles::Found;
use crate::work::Work;

impl Matcher {
    /// Tries the patterns of some fields, and all keywords, on the values of one table. `other` is where field references
    /// look next.
    pub(super) fn collect<F: Fields>(
        &self,
        fields: &[(Field, FieldPatterns)],
        (table, other): (&F, &F),
        work: &Work,
        hits: &mut Hits,
    ) {
        for (field, patterns) in fields {
            let (field, values) = (*field, table.values(*field));
            if values.is_empty() {
                continue;
            }
            for &pattern in &patterns.presence {
                hits.note(pattern, (field, 0), None);
            }
            for (index, value) in (0_u32..).zip(values) {
                // A long value leaves something for the others.
                let part = work.lend(work.left().checked_div(PART).unwrap_or(0));
                let value = Folded::new(value);
                self.try_value(patterns, (field, index), &value, (table, other), &part, hits);
                hits.incomplete |= part.is_spent();
                work.take_back(&part);
            }
        }
        for (view, keywords) in [View::Security, View::ProcessCreation].into_iter().zip(&self.anywhere) {
            if !keywords.is_empty() {
                self.try_keywords(view, keywords, (table, other), work, hits);
            }
        }
    }

    /// Tries the keywords of a view on every field that it shows.
    #[inline(never)]
    fn try_keywords<F: Fields>(
        &self,
        view: View,
        keywords: &[u32],
        (table, other): (&F, &F),
        work: &Work,
        hits: &mut Hits,
    ) {
        for &field in Field::ALL.iter().filter(|field| field.visible_in(view)) {
            for (index, value) in (0_u32..).zip(table.values(field)) {
                let part = work.lend(work.left().checked_div(PART).unwrap_or(0));
                let value = Folded::new(value);
                for &pattern in keywords {
                    self.try_one(pattern, (field, index), &value, (table, other), &part, hits);
                }
                hits.incomplete |= part.is_spent();
                work.take_back(&part);
            }
        }
    }

    /// Tries the patterns of the event's fields that refer to a field of the action.
    pub(super) fn cross<F: Fields>(&self, event: &F, action: &F, work: &Work, hits: &mut Hits) {
        for &(field, pattern) in &self.crossing {
            for (index, value) in (0_u32..).zip(event.values(field)) {
                self.try_one(pattern, (field, index), &Folded::new(value), (action, event), work, hits);
            }
        }
        hits.incomplete |= work.is_spent();
    }

    fn try_value<F: Fields>(
        &self,
        patterns: &FieldPatterns,
        place: (Field, u32),
        value: &Folded<'_>,
        tables: (&F, &F),
        work: &Work,
        hits: &mut Hits,
    ) {
        if let Some(needles) = &patterns.needles
            && let Some(searchable) = value.searchable(work)
        {
            let walk = work.lend(work.left() / 2);
            let mut finds = Finds { matcher: self, place, value, tables, work, hits };
            needles.search(searchable, (&walk, work), |pattern, found| finds.take(pattern, found));
            hits.forget_tries();
            hits.incomplete |= walk.is_spent();
            work.take_back(&walk);
        }
        for &pattern in &patterns.each {
            self.try_one(pattern, place, value, tables, work, hits);
        }
    }

    pub(super) fn try_one<F: Fields>(
        &self,
        pattern: u32,
        (field, index): (Field, u32),
        value: &Folded<'_>,
        (own, other): (&F, &F),
        work: &Work,
        hits: &mut Hits,
    ) {
        if !hits.has(pattern) && self.tests.passes(pattern, value, own, other, work) {
            hits.note(pattern, (field, index), None);
        }
    }
}

/// Notes a literal that was found in a value.
struct Finds<'m, 'v, F> {
    matcher: &'m Matcher,
    place: (Field, u32),
    value: &'m Folded<'v>,
    tables: (&'m F, &'m F),
    work: &'m Work,
    hits: &'m mut Hits,
}

impl<F: Fields> Finds<'_, '_, F> {
    /// Kept out of the search, where it would take the room of the search's own values.
    #[inline(never)]
    fn take(&mut self, pattern: u32, found: Found) {
        match found {
            Found::At(at) => self.hits.note(pattern, self.place, u32::try_from(at).ok()),
            Found::Fits => self.hits.note(pattern, self.place, None),
            Found::MayMatch => self.hits.suggest(pattern),
            Found::MayFit => {
                if self.hits.is_first_try(pattern) {
                    self.matcher.try_one(pattern, self.place, self.value, self.tables, self.work, self.hits);
                }
            }
        }
    }
}
