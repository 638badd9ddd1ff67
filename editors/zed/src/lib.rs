//! Tells Zed how Dragoman is started and with which settings. Everything else is between Zed and the server.

mod server;

use zed_extension_api::serde_json::{json, Value};
use zed_extension_api::settings::{CommandSettings, LspSettings};
use zed_extension_api::{register_extension, Command, Extension, LanguageServerId, Result, Worktree};

struct Dragoman;

impl Extension for Dragoman {
    fn new() -> Self {
        Self
    }

    /// The program that the settings name, else the one on the worktree's PATH.
    fn language_server_command(&mut self, id: &LanguageServerId, worktree: &Worktree) -> Result<Command> {
        let binary = LspSettings::for_worktree(id.as_ref(), worktree)?.binary;
        let (path, arguments, env) = binary.map_or((None, None, None), |CommandSettings { path, arguments, env }| {
            (path, arguments, env)
        });
        let (command, args) = server::command(path, arguments, worktree.which(server::PROGRAM))?;
        let mut variables = worktree.shell_env();
        variables.extend(env.unwrap_or_default());
        Ok(Command {
            command,
            args,
            env: variables,
        })
    }

    /// `lsp.dragoman.initialization_options`, as they are.
    fn language_server_initialization_options(
        &mut self,
        id: &LanguageServerId,
        worktree: &Worktree,
    ) -> Result<Option<Value>> {
        Ok(LspSettings::for_worktree(id.as_ref(), worktree)?.initialization_options)
    }

    /// `lsp.dragoman.settings`, under the section that the server asks for.
    fn language_server_workspace_configuration(
        &mut self,
        id: &LanguageServerId,
        worktree: &Worktree,
    ) -> Result<Option<Value>> {
        let settings = LspSettings::for_worktree(id.as_ref(), worktree)?.settings;
        Ok(settings.map(|settings| json!({ server::SECTION: settings })))
    }
}

register_extension!(Dragoman);
