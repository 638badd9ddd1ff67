//! Which program is the server. Pure: what Zed knows comes in, so that it is tested without Zed.

/// The server's name on the PATH.
pub const PROGRAM: &str = "dragoman";
/// The section of the workspace's configuration that the server asks for.
pub const SECTION: &str = "dragoman";

/// The program and its arguments: those of the settings first, then what was found on the PATH. The error is what Zed
/// shows the person.
pub fn command(
    path: Option<String>,
    arguments: Option<Vec<String>>,
    found: Option<String>,
) -> Result<(String, Vec<String>), String> {
    let program = path.or(found).ok_or_else(|| {
        format!(
            "There is no {PROGRAM} on the PATH. Install it (`uv tool install` or `pipx install`, from a clone), or \
             name it in settings.json: \"lsp\": {{\"dragoman\": {{\"binary\": {{\"path\": \"/path/to/{PROGRAM}\"}}}}}}"
        )
    })?;
    Ok((program, arguments.unwrap_or_else(|| vec!["lsp".into()])))
}

#[cfg(test)]
mod tests {
    use super::command;

    fn text(word: &str) -> Option<String> {
        Some(word.into())
    }

    /// What is found on the PATH is started as a language server.
    #[test]
    fn found_on_the_path() {
        assert_eq!(
            command(None, None, text("/bin/dragoman")),
            Ok(("/bin/dragoman".into(), vec!["lsp".into()]))
        );
    }

    /// What the settings name comes before what is on the PATH, and its arguments replace our own.
    #[test]
    fn named_in_the_settings() {
        let own = Some(vec!["lsp".to_string(), "--verbose".to_string()]);
        assert_eq!(
            command(text("/opt/d"), own.clone(), text("/bin/dragoman")),
            Ok(("/opt/d".into(), own.unwrap()))
        );
        assert_eq!(
            command(text("/opt/d"), None, None),
            Ok(("/opt/d".into(), vec!["lsp".into()]))
        );
    }

    /// Where there is none, the person reads in one line how to get it and where to name it.
    #[test]
    fn nowhere() {
        let message = command(None, None, None).unwrap_err();
        assert!(message.contains("uv tool install") && message.contains("\"binary\""));
        assert!(!message.contains('\n'));
    }
}
