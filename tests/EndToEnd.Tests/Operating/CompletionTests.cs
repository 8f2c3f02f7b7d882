using Relaybox.Testing;

namespace Relaybox.EndToEnd.Tests.Operating;

/// <summary>A shell completes the commands of operators.</summary>
public sealed class CompletionTests
{
    public static TheoryData<string, string> Lines { get; } = new()
    {
        { "relaybox st", "status" },
        { "relaybox dead-letters re", "redrive" },
        { "relaybox pause con", "consumer" },
        { "relaybox redrive --del", "" },
        { "relaybox redrive --dry", "--dry-run" },
        { "relaybox completion z", "zsh" },
    };

    private static string Cli { get; } = BuiltProgram.PathOf("Cli", "relaybox.dll");

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Lines))]
    public async Task Bash_completes_what_is_typed(string line, string completed) => await AssertCompletesAsync(
        completed,
        "bash",
        $$"""
        relaybox() { dotnet '{{Cli}}' "$@"; }
        eval "$(relaybox completion bash)"
        COMP_LINE='{{line}}' COMP_POINT={{line.Length}} COMP_WORDS=({{line}}) COMP_CWORD=$(({{line.Split(' ').Length}} - 1))
        _relaybox
        echo "${COMPREPLY[*]}"
        """);

    [Theory]
    [MemberData(nameof(Lines))]
    public async Task Fish_completes_what_is_typed(string line, string completed) => await AssertCompletesAsync(
        completed,
        "fish",
        $"""
        function relaybox; dotnet '{Cli}' $argv; end
        relaybox completion fish | source
        complete -C '{line}'
        """);

    // As zsh's own completion does, compadd takes what begins with the last word.
    [Theory]
    [MemberData(nameof(Lines))]
    public async Task Zsh_completes_what_is_typed(string line, string completed) => await AssertCompletesAsync(
        completed,
        "zsh",
        $$"""
        relaybox() { dotnet '{{Cli}}' "$@"; }
        compdef() { [[ "$*" == '_relaybox relaybox' ]]; }
        compadd() { [[ "$*" == '-a found' ]] && print -- ${(M)found:#${line##* }*}; }
        eval "$(relaybox completion zsh)"
        BUFFER='{{line}}' CURSOR={{line.Length}}
        _relaybox
        """);

    [Theory]
    [MemberData(nameof(Lines))]
    public async Task PowerShell_completes_what_is_typed(string line, string completed) => await AssertCompletesAsync(
        completed,
        ["dotnet", "tool", "run", "pwsh", "--", "-NoProfile", "-NonInteractive", "-Command"],
        $$"""
        function relaybox() { dotnet '{{Cli}}' @args }
        relaybox completion powershell | Out-String | Invoke-Expression
        (TabExpansion2 -inputScript '{{line}}' -cursorColumn {{line.Length}}).CompletionMatches.CompletionText
        """);

    [Fact]
    public async Task Each_script_says_how_to_use_it()
    {
        foreach (var shell in new[] { "bash", "fish", "zsh", "powershell" })
        {
            var run = await new CommandLine().RunAsync("completion", shell);

            Assert.Equal(0, run.ExitCode);
            Assert.Matches($"(?i)^# Completion of relaybox for {shell}: .*relaybox completion {shell}", run.Output);
        }
    }

    private static Task AssertCompletesAsync(string completed, string shell, string script) =>
        AssertCompletesAsync(completed, [shell, "-c"], script);

    private static async Task AssertCompletesAsync(string completed, string[] shell, string script)
    {
        var run = await ProgramRun.OfAsync([.. shell, script], CommandLine.Patience, Ct);

        Assert.Equal((0, completed), (run.ExitCode, run.Output.Trim()));
    }
}
