namespace Relaybox.Testing;

/// <summary>A program in a terminal of its own (tmux), which a test reads and types into as a person does.</summary>
public sealed class Terminal : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    // A server of its own: it ends with its only session, and touches none of the machine's user.
    private readonly string _server = $"relaybox-test-{Guid.NewGuid():N}";

    private Terminal()
    {
    }

    /// <summary>Starts a program in a terminal of 120 columns and 40 lines. What it leaves stays on the screen.</summary>
    /// <param name="environment">Variables that it gets besides ours.</param>
    /// <param name="command">The program and its arguments.</param>
    public static async Task<Terminal> StartAsync(IReadOnlyDictionary<string, string> environment, params string[] command)
    {
        var terminal = new Terminal();
        await terminal.TmuxAsync(
        [
            "-f", "/dev/null", "new-session", "-d", "-x", "120", "-y", "40",
            .. environment.SelectMany(variable => new[] { "-e", $"{variable.Key}={variable.Value}" }), "--",
            "sh", "-c", "trap : INT; \"$@\"; echo \"[ended with $?]\"; sleep 600", "sh", .. command,
        ]);
        return terminal;
    }

    /// <summary>Types a line, with the Enter key behind it.</summary>
    public Task TypeAsync(string line) => TmuxAsync(["send-keys", "-l", line, ";", "send-keys", "Enter"]);

    /// <summary>Presses Ctrl-C.</summary>
    public Task InterruptAsync() => TmuxAsync(["send-keys", "C-c"]);

    /// <summary>Waits until the screen has a text.</summary>
    /// <returns>The screen.</returns>
    public Task<string> UntilAsync(string text) => Eventually.ValueAsync(
        () => TmuxAsync(["capture-pane", "-p"]),
        screen => screen.Contains(text, StringComparison.Ordinal),
        $"the screen has '{text}'",
        Patience);

    /// <inheritdoc />
    public async ValueTask DisposeAsync() => await TmuxAsync(["kill-server"]);

    private async Task<string> TmuxAsync(string[] arguments)
    {
        var run = await ProgramRun.OfAsync(["tmux", "-u", "-L", _server, .. arguments], Patience, CancellationToken.None);
        return run.ExitCode == 0 ? run.Output : throw new InvalidOperationException($"tmux failed with {run.ExitCode}: {run.Errors}");
    }
}
