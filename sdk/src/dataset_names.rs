//! The rules for names of datasets. The host has the same, and refuses what breaks them.

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
/// Letters and digits from which on drawn ones are told from words.
const DRAWN_BYTES: usize = 20;

/// Whether `text` names a repository of the hub: `owner/name`, each part 1 to 96 ASCII letters, digits, `-`, `_` and
/// `.`, neither beginning nor ending with `-` or `.`, without `--` and `..`, not ending in `.git`.
#[must_use]
pub fn is_repository(text: &str) -> bool {
    let is_inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let is_end = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    let is_part = |part: &str| {
        let bytes = part.as_bytes();
        bytes.len() <= 96
            && bytes.iter().all(|byte| is_inner(*byte))
            && is_end(bytes.first())
            && is_end(bytes.last())
    };
    text.split_once('/').is_some_and(|(owner, name)| is_part(owner) && is_part(name))
        && !["--", ".."].iter().any(|pair| text.contains(pair))
        && !text.ends_with(".git")
}

/// Whether `text` is a commit of 40 lower-case hexadecimal digits, which never comes to mean other bytes.
#[must_use]
pub fn is_commit(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Whether `text` can name a commit, branch or tag: 1 to 128 printable ASCII bytes that `git check-ref-format` lets
/// pass.
#[must_use]
pub fn is_revision(text: &str) -> bool {
    let is_known = |byte: u8| byte.is_ascii_graphic() && !b"~^:?*[\\".contains(&byte);
    let is_part = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.ends_with(".lock");
    let is_wrong = text == "@" || text.starts_with('-') || text.ends_with('.');
    text.len() <= 128
        && text.bytes().all(is_known)
        && text.split('/').all(is_part)
        && !is_wrong
        && !["..", "@{"].iter().any(|pair| text.contains(pair))
}

/// Whether `text` can name a file in a repository: relative, at most 255 bytes, no part of it empty, `.` or `..`,
/// without backslashes and control characters.
#[must_use]
pub fn is_file_path(text: &str) -> bool {
    text.len() <= 255
        && !text.chars().any(|c| c.is_control() || c == '\\')
        && text.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

/// Whether `text` can name a competition, or none: at most 64 printable ASCII bytes without blanks.
#[must_use]
pub fn is_competition(text: &str) -> bool {
    text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_graphic())
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

/// Whether letters and digits change between lower case, upper case and digits as no words do: at every fourth at
/// least, where there are 20 and both letters and digits.
fn is_drawn(part: &str) -> bool {
    let is_commit = part.len() <= 40 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
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
