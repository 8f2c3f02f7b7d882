using System.CommandLine;
using Relaybox.Cli.Connections;
using Relaybox.Cli.Output;
using Relaybox.Operations;
using Spectre.Console;

namespace Relaybox.Cli.Commands;

/// <summary>The options of every command.</summary>
internal sealed class SharedOptions
{
    private readonly Option<bool> _json = new("--json") { Description = "Print JSON, one object in a line; see docs/cli.md", Recursive = true };

    private readonly Option<string?> _environmentFile = new("--env-file")
    {
        Description = "A file of `export NAME=VALUE` lines that name the store. Default: the environment, else .relaybox/env",
        Recursive = true,
    };

    private readonly Option<string?> _stack = new("--stack")
    {
        Description = "The deployed stack of this name: its function Operate is invoked, by an alias that you have the right to",
        Recursive = true,
    };

    private readonly Option<string?> _region = new("--region")
    {
        Description = "With --stack: the AWS region. Default: AWS_REGION, else the profile's", Recursive = true,
    };

    private readonly Option<string?> _profile = new("--profile")
    {
        Description = "With --stack: a profile of the AWS config and credentials files. Default: AWS_PROFILE, else as the AWS SDKs look",
        Recursive = true,
    };

    /// <summary>The rows that a command is about.</summary>
    internal static Argument<string[]> Selection() => new("SELECTION")
    {
        Description =
            "Which parked rows: terms that must all hold, such as subject:orders.> error:publish.* older:2h. The names are id, subject, error, text, "
            + "key, header (NAME=VALUE), older, newer, shelved (yes, no, any) and skipped; state:failed means all. "
            + "Only subject and error take wildcards",
        Arity = ArgumentArity.ZeroOrMore,
    };

    /// <summary>The dead letters that a command is about.</summary>
    internal static Argument<string[]> DeadLetters() => new("SELECTION")
    {
        Description =
            "Which dead letters: terms that must all hold, such as subject:orders.> error:message.* older:2h. "
            + "The names are id, subject, error, text, "
            + "key, header (NAME=VALUE), older and newer; state:dead means all",
        Arity = ArgumentArity.ZeroOrMore,
    };

    /// <summary>The sent rows that a command is about.</summary>
    internal static Argument<string[]> SentRows() => new("SELECTION")
    {
        Description =
            "Which sent rows: terms that must all hold, such as subject:orders.> newer:2h. The names are id, subject, key, header (NAME=VALUE), "
            + "older and newer; state:sent means all that the outbox still has",
        Arity = ArgumentArity.ZeroOrMore,
    };

    /// <summary>
    /// A selection of what was typed. A value with blanks that the shell has kept together, as in <c>"subject:orders placed"</c>, stays together.
    /// </summary>
    internal static string Join(string[]? terms) => string.Join(' ', (terms ?? []).Select(term => IsOneTerm(term) ? $"\"{term}\"" : term));

    internal void AddTo(RootCommand root)
    {
        root.Options.Add(_json);
        root.Options.Add(_stack);
        root.Options.Add(_region);
        root.Options.Add(_profile);
        root.Options.Add(_environmentFile);
    }

    internal Views Views(ParseResult result) => new(AnsiConsole.Console, result.GetValue(_json), Target(result));

    /// <summary>Asks once, and shows the answer.</summary>
    /// <param name="result">What was typed.</param>
    /// <param name="request">What is asked for.</param>
    /// <param name="show">How a person sees the answer.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The exit code.</returns>
    internal async Task<int> AnswerAsync(
        ParseResult result, OperateRequest request, Action<Views, OperateAnswer> show, CancellationToken cancellationToken)
    {
        await using var connection = Open(result);
        var answer = await connection.AskAsync(request, cancellationToken);
        var views = Views(result);
        if (!views.WroteJson(answer))
        {
            show(views, answer);
        }

        return ExitCodes.Done;
    }

    /// <exception cref="CliException">Nothing names a store or a stack, or something is wrong with what does.</exception>
    internal IOperatorConnection Open(ParseResult result)
    {
        var (stack, file) = (result.GetValue(_stack), result.GetValue(_environmentFile));
        if (stack is null)
        {
            return result.GetValue(_region) is null && result.GetValue(_profile) is null
                ? DirectConnection.Open(file)
                : throw new CliException(ExitCodes.WrongUse, "--region and --profile belong to --stack NAME.");
        }

        if (file is not null)
        {
            EnvironmentFile.Apply(file);
        }

        return StackConnection.Open(stack, result.GetValue(_profile), result.GetValue(_region));
    }

    // What a command that is suggested needs behind it to be about the same rows.
    private string Target(ParseResult result) => string.Concat(
        new[] { _stack, _region, _profile }.Where(option => result.GetValue(option) is not null)
            .Select(option => $" {option.Name} {result.GetValue(option)}"));

    // Several terms in one argument have a name each.
    private static bool IsOneTerm(string term) =>
        !term.Contains('"') && term.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [_, .. { Length: > 0 } others]
        && !others.All(other => other.Contains(':'));
}
