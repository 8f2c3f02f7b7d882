using System.CommandLine;
using System.Text.RegularExpressions;

namespace Relaybox.Local.Commands;

/// <summary>Says what is wrong with a command line without repeating what could be a secret: a URL in the wrong place has a password.</summary>
public static partial class CommandLineErrors
{
    /// <summary>Prints the errors, if there are any.</summary>
    /// <param name="parsed">What was made of the arguments.</param>
    /// <param name="arguments">The arguments.</param>
    /// <param name="program">Who says so.</param>
    /// <returns>Whether there are any.</returns>
    public static bool Report(ParseResult parsed, IReadOnlyList<string> arguments, string program)
    {
        var errors = Of(parsed, arguments);
        foreach (var error in errors)
        {
            Console.Error.WriteLine($"{program}: {error}");
        }

        if (errors.Count > 0)
        {
            Console.Error.WriteLine("--help shows what there is.");
        }

        return errors.Count > 0;
    }

    // The errors, each with the names of options and commands alone.
    private static IReadOnlyList<string> Of(ParseResult parsed, IReadOnlyList<string> arguments)
    {
        var hidden = arguments.Concat(arguments.SelectMany(argument => argument.Split('=', ':')))
            .Where(text => text.Length > 0 && !OptionName().IsMatch(text))
            .OrderByDescending(text => text.Length)
            .ToList();
        return
        [
            .. parsed.Errors.Select(error => hidden.Aggregate(
                error.Message, (message, text) => message.Replace($"'{text}'", "(not shown)", StringComparison.Ordinal))),
        ];
    }

    [GeneratedRegex("^--[a-z]+(-[a-z]+)*$")]
    private static partial Regex OptionName();
}
