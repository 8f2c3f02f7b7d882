using System.CommandLine;
using System.Text.RegularExpressions;

namespace Relaybox.Local.Commands;

/// <summary>Says what is wrong with a command line without repeating what could be a secret: a URL in the wrong place has a password.</summary>
public static partial class CommandLineErrors
{
    /// <summary>The errors, each with the names of options and commands alone; empty where there are none.</summary>
    /// <param name="parsed">What was made of the arguments.</param>
    /// <param name="arguments">The arguments.</param>
    public static IReadOnlyList<string> Of(ParseResult parsed, IReadOnlyList<string> arguments)
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
