//! The word that was probably meant.

use super::keys::{KEYS, SECTIONS};

/// The nearest of `words`, if one is near: at most a third of the letters differ.
pub(crate) fn nearest<'a>(found: &str, words: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |word: &str| word.to_lowercase().replace('-', "_");
    let found = plain(found);
    words
        .map(|word| (strsim::damerau_levenshtein(&found, &plain(word)), word))
        .filter(|(distance, word)| *distance <= (word.len().max(found.len())).div_ceil(3))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

/// What to write instead of the unknown key `name` of `section`. `allowed` narrows the keys of the file.
pub(crate) fn for_key(section: &str, name: &str, allowed: impl Fn(&str) -> bool) -> Option<String> {
    let known = || KEYS.iter().filter(|key| allowed(key.path));
    let mut namesakes = known().filter(|key| key.name() == name && !key.section().is_empty());
    if let (Some(key), None) = (namesakes.next(), namesakes.next()) {
        return Some(format!("`{name}` belongs to [{}]", key.section()));
    }
    let here = known().filter(|key| key.section() == section).map(super::keys::Key::name);
    let sections = SECTIONS.iter().map(|(name, _)| *name).filter(|_| section.is_empty());
    if let Some(near) = nearest(name, here.chain(sections)) {
        return Some(format!("did you mean `{near}`?"));
    }
    let elsewhere = nearest(name, known().map(super::keys::Key::name))?;
    let key = known().find(|key| key.name() == elsewhere)?;
    Some(format!("did you mean `{elsewhere}` in [{}]?", key.section()))
}
