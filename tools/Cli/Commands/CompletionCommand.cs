using System.CommandLine;
using Relaybox.Cli.Output;

namespace Relaybox.Cli.Commands;

/// <summary>Prints what a shell needs to complete commands, options and their values.</summary>
internal static class CompletionCommand
{
    private static readonly string[] Shells = ["bash", "zsh", "fish", "powershell"];

    internal static Command Create()
    {
        var shell = new Argument<string>("SHELL") { Description = "bash, zsh, fish or powershell" }.AcceptOnlyFromAmong(Shells);
        var command = new Command("completion", "Print a script that completes commands and options; its first line says how to use it");
        command.Arguments.Add(shell);
        command.SetAction(result =>
        {
            using var script = new StreamReader(typeof(CompletionCommand).Assembly.GetManifestResourceStream(result.GetValue(shell)!)!);
            Console.Out.Write(script.ReadToEnd());
            return ExitCodes.Done;
        });
        return command;
    }
}
