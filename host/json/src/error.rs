//! Why a line is no JSON, or a file no dataset: always the file's author's fault.

use std::fmt;

/// Why Python would refuse a line, or why we do. `at` is a byte's place in the line, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JsonError {
    /// Something else stands where the grammar wants this.
    #[error("byte {at}: expected {expected}, found {found}")]
    Unexpected {
        /// Where.
        at: usize,
        /// What the grammar wants there.
        expected: &'static str,
        /// What stands there.
        found: Found,
    },
    /// A string runs to the line's end.
    #[error("byte {at}: the string that begins here has no closing quote")]
    OpenString {
        /// Where its opening quote is.
        at: usize,
    },
    /// A byte below 0x20 stands in a string unescaped.
    #[error("byte {at}: control byte 0x{byte:02x} in a string: write it as an escape")]
    ControlByte {
        /// Where.
        at: usize,
        /// Which.
        byte: u8,
    },
    /// A backslash is followed by nothing that JSON knows.
    #[error(
        "byte {at}: not an escape: expected one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t or \\u and four hex digits"
    )]
    Escape {
        /// Where the backslash is.
        at: usize,
    },
    /// The bytes are not UTF-8.
    #[error("byte {at}: not UTF-8")]
    NotUtf8 {
        /// Where the first wrong byte is.
        at: usize,
    },
    /// Lists and objects nest deeper than [`crate::MAX_NESTING`].
    #[error("byte {at}: nested deeper than {limit} levels")]
    TooDeep {
        /// Where the level too many opens.
        at: usize,
        /// The limit.
        limit: usize,
    },
    /// An integer has more digits than Python converts, [`crate::MAX_INTEGER_DIGITS`].
    #[error("byte {at}: an integer of {n_digits} digits, Python takes at most {limit}")]
    TooManyDigits {
        /// Where the number begins.
        at: usize,
        /// How many digits it has.
        n_digits: usize,
        /// The limit.
        limit: usize,
    },
    /// The line has more values and names than [`crate::MAX_VALUES`].
    #[error("byte {at}: more than {limit} values and names in one line")]
    TooManyValues {
        /// Where the value too many begins.
        at: usize,
        /// The limit.
        limit: usize,
    },
    /// What the line says is longer than [`crate::MAX_TEXT_BYTES`] where it is written in ASCII.
    #[error("a line that would be {n_bytes} bytes in ASCII, at most {limit_bytes} are written")]
    TooMuchText {
        /// How many it would be at most.
        n_bytes: usize,
        /// The limit.
        limit_bytes: usize,
    },
    /// The line is longer than [`crate::MAX_LINE_BYTES`].
    #[error("a line of {n_bytes} bytes, at most {limit_bytes} are read")]
    TooLong {
        /// Its length.
        n_bytes: usize,
        /// The limit.
        limit_bytes: usize,
    },
}

/// What stands at a place of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// The line ends there.
    End,
    /// This byte.
    Byte(u8),
}

impl Found {
    pub(crate) fn at(line: &[u8], at: usize) -> Self {
        line.get(at).map_or(Self::End, |byte| Self::Byte(*byte))
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::End => f.write_str("the end"),
            Self::Byte(byte) if byte.is_ascii_graphic() => write!(f, "`{}`", char::from(*byte)),
            Self::Byte(byte) => write!(f, "byte 0x{byte:02x}"),
        }
    }
}

/// Why the validators' loader refuses a whole file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// It begins with a byte order mark.
    #[error("the file begins with a byte order mark: save it as plain UTF-8")]
    ByteOrderMark,
    /// It is not UTF-8.
    #[error("byte {at} of the file: not UTF-8, the loader refuses the whole file")]
    NotUtf8 {
        /// Where the first wrong byte is in the file, from 0.
        at: usize,
    },
    /// One line is no JSON.
    #[error("line {line}: {error}: one line that is no JSON fails the whole file")]
    Line {
        /// The line's number, from 1, blank lines counted.
        line: usize,
        /// What is wrong in it.
        error: JsonError,
    },
    /// It has more rows than anybody looks at. The loader would take it; whoever asks does not.
    #[error("the file has more than {limit} rows: none is looked at")]
    TooManyRows {
        /// How many are looked at.
        limit: usize,
    },
}
