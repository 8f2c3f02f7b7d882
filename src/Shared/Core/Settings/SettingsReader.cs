using System.Globalization;

namespace Relaybox.Settings;

/// <summary>
/// Reads settings by name and collects what is wrong instead of stopping at the first. No error repeats a value: somebody may have
/// put a secret into the wrong setting.
/// </summary>
/// <param name="get">Where the settings come from; null or empty: not set.</param>
internal sealed class SettingsReader(Func<string, string?> get)
{
    private readonly List<string> _errors = [];

    internal string? Optional(string name) => get(name) is { Length: > 0 } value ? value : null;

    internal string Required(string name, string meaning)
    {
        if (Optional(name) is { } value)
        {
            return value;
        }

        _errors.Add($"{name} is not set. Set it to {meaning}.");
        return "";
    }

    internal string TableName(string name, string meaning)
    {
        var value = Required(name, meaning);
        return value.Length > 0 ? OptionalTableName(name)! : value;
    }

    /// <summary>A table's name, or null where it is not set.</summary>
    internal string? OptionalTableName(string name)
    {
        var value = Optional(name);
        if (value is { Length: < 3 or > 255 } || value?.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('_' or '-' or '.')) == true)
        {
            _errors.Add($"{name} is not a table name. Set it to 3 to 255 letters, digits, '_', '-' or '.'.");
        }

        return value;
    }

    /// <param name="name">The setting.</param>
    /// <param name="meaning">What it is to be set to.</param>
    /// <param name="isRequired">Whether it is an error that it is not set.</param>
    internal string QueueUrl(string name, string meaning, bool isRequired = true)
    {
        var value = isRequired ? Required(name, meaning) : Optional(name) ?? "";
        if (value.Length > 0 && !IsQueueUrl(value))
        {
            _errors.Add($"{name} is not a queue's URL. Set it to {meaning}, such as https://sqs.<region>.amazonaws.com/<account>/<queue>.");
        }

        return value;
    }

    /// <summary>A text of a form.</summary>
    internal string Matching(string name, string fallback, Func<string, bool> isOfForm, string form)
    {
        var value = Optional(name) ?? fallback;
        if (isOfForm(value))
        {
            return value;
        }

        _errors.Add($"{name} is not of its form. Set it to {form}; the default is {fallback}.");
        return fallback;
    }

    /// <summary>The texts between commas; none where the setting is missing.</summary>
    internal string[] List(string name) =>
        Optional(name)?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [];

    /// <summary>An ARN of a service, or null where it is not set.</summary>
    internal string? Arn(string name, string service)
    {
        if (Optional(name) is not { } value)
        {
            return null;
        }

        if (value.Split(':', 6) is not ["arn", _, var of, _, _, { Length: > 0 }] || of != service)
        {
            _errors.Add($"{name} is not an ARN of {service}. Set it to one, such as arn:aws:{service}:<region>:<account>:<resource>.");
        }

        return value;
    }

    /// <summary>The path of a file that is there, or null where it is not set.</summary>
    internal string? File(string name, string meaning)
    {
        var path = Optional(name);
        if (path is not null && !System.IO.File.Exists(path))
        {
            _errors.Add($"{name} is not the path of a file that is there. Set it to the path of {meaning}.");
        }

        return path;
    }

    internal T Choice<T>(string name, T fallback, params ReadOnlySpan<(string Text, T Value)> choices) =>
        Choice(name, fallback, hint: "", choices);

    /// <param name="name">The setting.</param>
    /// <param name="fallback">The value where the setting is missing.</param>
    /// <param name="hint">What to know beyond the choices, for the error.</param>
    /// <param name="choices">What the setting can be.</param>
    internal T Choice<T>(string name, T fallback, string hint, params ReadOnlySpan<(string Text, T Value)> choices)
    {
        if (Optional(name) is not { } text)
        {
            return fallback;
        }

        foreach (var choice in choices)
        {
            if (choice.Text == text)
            {
                return choice.Value;
            }
        }

        var names = new List<string>();
        foreach (var choice in choices)
        {
            names.Add(choice.Text);
        }

        _errors.Add($"{name} is none of its values. Set it to one of: {string.Join(", ", names)}. {hint}".TrimEnd());
        return fallback;
    }

    internal int Number(string name, int fallback, int min, int max)
    {
        if (Optional(name) is not { } text)
        {
            return fallback;
        }

        if (int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) && value >= min && value <= max)
        {
            return value;
        }

        _errors.Add($"{name} is no number that it can be. Set it to a whole number from {min} to {max}; the default is {fallback}.");
        return fallback;
    }

    internal TimeSpan Seconds(string name, int fallback, int min, int max) => TimeSpan.FromSeconds(Number(name, fallback, min, max));

    internal TimeSpan Hours(string name, int fallback, int min, int max) => TimeSpan.FromHours(Number(name, fallback, min, max));

    /// <summary>Refuses settings beside one that says the same itself: nobody could tell which of them counts.</summary>
    internal void RefuseBeside(string name, params ReadOnlySpan<string> others)
    {
        foreach (var other in others)
        {
            if (Optional(name) is not null && Optional(other) is not null)
            {
                _errors.Add($"{other} is set as well as {name}, which names it itself. Leave {other} out.");
            }
        }
    }

    internal void Add(string error) => _errors.Add(error);

    internal void ThrowIfWrong()
    {
        if (_errors.Count > 0)
        {
            throw new SettingsException(_errors);
        }
    }

    // Nothing that a URL would have to escape, no credentials and no query; the name of a queue comes last.
    private static bool IsQueueUrl(string text) =>
        text.Length <= 1_024
        && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or ':' or '/' or '[' or ']')
        && Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri is { Scheme: "http" or "https", Host.Length: > 0, UserInfo: "" }
        && uri.OriginalString[(uri.OriginalString.LastIndexOf('/') + 1)..] is { Length: > 0 and <= 80 } queue
        && (queue.EndsWith(".fifo", StringComparison.Ordinal) ? queue[..^5] : queue) is { Length: > 0 } name
        && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_')
        && uri.AbsolutePath.Length > 1;
}
