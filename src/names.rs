//! Names of settings, as people write them.

/// A name, with a number in parentheses or without.
pub(crate) struct Named {
    /// The name in lower case, without hyphens and underscores.
    pub(crate) letters: String,
    pub(crate) number: Option<f64>,
}

pub(crate) fn parse(name: &str) -> Named {
    let letters = |name: &str| name.replace(['-', '_'], "").to_ascii_lowercase();
    let with_number = name.split_once('(').and_then(|(name, rest)| {
        let number = rest.strip_suffix(')')?.trim().parse().ok()?;
        Some(Named { letters: letters(name), number: Some(number) })
    });
    with_number.unwrap_or_else(|| Named { letters: letters(name), number: None })
}
