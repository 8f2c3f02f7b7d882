using Relaybox.Testing;

namespace Relaybox.EndToEnd.Tests.Operating;

/// <summary>A shell completes the commands of operators. Of the shells that there is a script for, bash is on this machine.</summary>
public sealed class CompletionTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("relaybox st", "status")]
    [InlineData("relaybox dead-letters re", "redrive")]
    [InlineData("relaybox pause con", "consumer")]
    [InlineData("relaybox redrive --del", "")]
    [InlineData("relaybox redrive --dry", "--dry-run")]
    [InlineData("relaybox completion z", "zsh")]
    public async Task Bash_completes_what_is_typed(string line, string completed)
    {
        var cli = BuiltProgram.PathOf("Cli", "relaybox.dll");
        var script =
            $$"""
            relaybox() { dotnet '{{cli}}' "$@"; }
            eval "$(relaybox completion bash)"
            COMP_LINE='{{line}}' COMP_POINT={{line.Length}} COMP_WORDS=({{line}}) COMP_CWORD=$(({{line.Split(' ').Length}} - 1))
            _relaybox
            echo "${COMPREPLY[*]}"
            """;

        var run = await ProgramRun.OfAsync(["bash", "-c", script], CommandLine.Patience, Ct);

        Assert.Equal((0, completed), (run.ExitCode, run.Output.Trim()));
    }

    [Theory]
    [InlineData("zsh", "compdef _relaybox relaybox")]
    [InlineData("fish", "complete -c relaybox")]
    [InlineData("powershell", "Register-ArgumentCompleter")]
    public async Task Each_other_shell_has_a_script_that_says_how_to_use_it(string shell, string registers)
    {
        var run = await new CommandLine().RunAsync("completion", shell);

        Assert.Equal(0, run.ExitCode);
        Assert.StartsWith($"# Completion of relaybox for {shell}: ", run.Output, StringComparison.OrdinalIgnoreCase);
        Assert.Contains(registers, run.Output, StringComparison.Ordinal);
    }
}
