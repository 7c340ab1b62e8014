//! The rules for names of datasets: what a hub may be asked for, and what is kept in the clear.
//!
//! Whatever takes such a name takes it by these. Plugins' authors have the same rules in their own library.

/// The most bytes of a repository's name, `owner/name`.
pub const NAMESPACE_BYTES: usize = 2 * NAME_PART_BYTES + 1;
/// The most bytes of a revision.
pub const REVISION_BYTES: usize = 128;
/// The most bytes of a competition's identifier.
pub const COMPETITION_BYTES: usize = 64;
/// The most bytes of a path in a repository.
pub const PATH_BYTES: usize = 255;
/// The most bytes of each part of a repository's name.
const NAME_PART_BYTES: usize = 96;
/// How many digits a commit has.
const COMMIT_DIGITS: usize = 40;

/// What the keys of well-known services begin with.
const KEY_BEGINNINGS: [&str; 14] = [
    "hf_",
    "api_org_",
    "AKIA",
    "ASIA",
    "AIza",
    "sk-",
    "sk_",
    "rk_",
    "ghp_",
    "gho_",
    "ghs_",
    "github_pat_",
    "glpat-",
    "xox",
];
/// Bytes behind such a beginning from which on it is a key.
const KEY_REST_BYTES: usize = 8;
/// Bytes behind it from which on a repository's owner or name is one, too: many begin alike.
const KEY_REST_OF_NAME_BYTES: usize = 16;
/// Letters and digits in a row from which on drawn ones are told from words.
const DRAWN_BYTES: usize = 20;

/// Whether `text` names a repository of the hub: `owner/name`, each part 1 to 96 ASCII letters, digits, `-`, `_` and
/// `.`, neither beginning nor ending with `-` or `.`, without `--` and `..`, not ending in `.git`.
#[must_use]
pub fn is_repository(text: &str) -> bool {
    let is_part = |part: &str| {
        let known =
            part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
        let ends = |byte: Option<&u8>| byte.is_none_or(|byte| matches!(byte, b'-' | b'.'));
        let bytes = part.as_bytes();
        known && bytes.len() <= NAME_PART_BYTES && !ends(bytes.first()) && !ends(bytes.last())
    };
    let is_name = text.split_once('/').is_some_and(|(owner, name)| is_part(owner) && is_part(name));
    is_name && !text.contains("--") && !text.contains("..") && !text.ends_with(".git")
}

/// Whether `text` is a commit that a hub can be asked for: 40 lower-case hexadecimal digits.
#[must_use]
pub fn is_commit(text: &str) -> bool {
    text.len() == COMMIT_DIGITS && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Whether `text` can name a commit, branch or tag: 1 to 128 printable ASCII bytes that `git check-ref-format` lets
/// pass.
#[must_use]
pub fn is_revision(text: &str) -> bool {
    let is_known = |byte: u8| byte.is_ascii_graphic() && !b"~^:?*[\\".contains(&byte);
    let is_part = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.ends_with(".lock");
    text.len() <= REVISION_BYTES
        && text.bytes().all(is_known)
        && text.split('/').all(is_part)
        && !text.starts_with('-')
        && !text.ends_with('.')
        && !text.contains("..")
        && !text.contains("@{")
        && text != "@"
}

/// Whether `text` can name a competition, or none: at most 64 printable ASCII bytes without blanks.
#[must_use]
pub fn is_competition(text: &str) -> bool {
    text.len() <= COMPETITION_BYTES && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Whether `text` can name a file in a repository: relative, at most 255 bytes, no part of it empty, `.` or `..`,
/// without backslashes and control characters.
#[must_use]
pub fn is_file_path(text: &str) -> bool {
    text.len() <= PATH_BYTES
        && !text.chars().any(|c| c.is_control() || c == '\\')
        && text.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

/// Whether a part of `text` between slashes looks like the key to something, put where the name of a branch or a
/// competition belongs: one that begins as the keys of well-known services do, or 20 and more letters and digits that
/// look drawn. At most 40 hexadecimal digits are a commit, or the beginning of one.
#[must_use]
pub fn looks_like_a_key(text: &str) -> bool {
    text.split('/').any(|part| {
        let begins = |with: &&str| part.strip_prefix(*with).is_some_and(|rest| rest.len() >= KEY_REST_BYTES);
        KEY_BEGINNINGS.iter().any(begins) || is_drawn(part)
    })
}

/// Whether the owner or the name of a repository is a key beyond doubt: one of a well-known service, of full length.
/// What only [looks like a key](looks_like_a_key) may be the name of a repository all the same.
#[must_use]
pub fn is_a_key(namespace: &str) -> bool {
    namespace.split('/').any(|part| {
        let is_key = |rest: &str| {
            rest.len() >= KEY_REST_OF_NAME_BYTES
                && (is_drawn(part) || rest.bytes().all(|byte| byte.is_ascii_alphanumeric()))
        };
        KEY_BEGINNINGS.iter().any(|with| part.strip_prefix(*with).is_some_and(is_key))
    })
}

/// Whether letters and digits change between lower case, upper case and digits as no words do: at every fourth at
/// least, where there are 20 and both letters and digits.
fn is_drawn(part: &str) -> bool {
    let is_commit = part.len() <= COMMIT_DIGITS && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    let kinds: Vec<u8> = part.bytes().filter(u8::is_ascii_alphanumeric).map(kind).collect();
    let changes = kinds.windows(2).filter(|pair| pair[0] != pair[1]).count();
    let has_both = kinds.contains(&0) && kinds.iter().any(|kind| *kind > 0);
    !is_commit && kinds.len() >= DRAWN_BYTES && has_both && changes * 4 >= kinds.len()
}

const fn kind(byte: u8) -> u8 {
    match byte {
        b'0'..=b'9' => 0,
        b'a'..=b'z' => 1,
        _ => 2,
    }
}
