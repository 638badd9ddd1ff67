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

    fn start(program: &str, arguments: &[&str]) -> (String, Vec<String>) {
        (program.into(), arguments.iter().map(ToString::to_string).collect())
    }

    /// What is found on the PATH is started as a language server.
    #[test]
    fn found_on_the_path() {
        let found = command(None, None, Some("/bin/dragoman".into()));
        assert_eq!(found, Ok(start("/bin/dragoman", &["lsp"])));
    }

    /// What the settings name comes before what is on the PATH.
    #[test]
    fn named_in_the_settings() {
        let named = command(Some("/opt/d".into()), None, Some("/bin/dragoman".into()));
        assert_eq!(named, Ok(start("/opt/d", &["lsp"])));
    }

    /// Arguments in the settings replace our own, whichever program it is.
    #[test]
    fn arguments_of_the_settings() {
        let arguments = vec!["lsp".into(), "--verbose".into()];
        let found = command(None, Some(arguments), Some("/bin/dragoman".into()));
        assert_eq!(found, Ok(start("/bin/dragoman", &["lsp", "--verbose"])));
    }

    /// Where there is none, the person reads in one line how to get it and where to name it.
    #[test]
    fn nowhere() {
        let message = command(None, None, None).unwrap_err();
        assert!(message.contains("uv tool install") && message.contains("\"binary\""));
        assert!(!message.contains('\n'));
    }
}
