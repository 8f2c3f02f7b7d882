using System.Globalization;

namespace Relaybox.Configuration;

/// <summary>Reads settings by name and collects what is wrong instead of stopping at the first.</summary>
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
        if (value.Length > 0 && (value.Length is < 3 or > 255 || value.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('_' or '-' or '.'))))
        {
            _errors.Add($"{name} is not a table name. Set it to 3 to 255 letters, digits, '_', '-' or '.'.");
        }

        return value;
    }

    internal string QueueUrl(string name, string meaning)
    {
        var value = Required(name, meaning);
        if (value.Length > 0 && !(Uri.TryCreate(value, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"))
        {
            _errors.Add($"{name} is not a queue's URL. Set it to {meaning}, such as https://sqs.<region>.amazonaws.com/<account>/<queue>.");
        }

        return value;
    }

    internal T Choice<T>(string name, T fallback, params ReadOnlySpan<(string Text, T Value)> choices)
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

        _errors.Add($"{name} is '{Shorten(text)}'. Set it to one of: {string.Join(", ", names)}.");
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

        _errors.Add($"{name} is '{Shorten(text)}'. Set it to a whole number from {min} to {max}; the default is {fallback}.");
        return fallback;
    }

    internal TimeSpan Seconds(string name, int fallback, int min, int max) => TimeSpan.FromSeconds(Number(name, fallback, min, max));

    internal TimeSpan Hours(string name, int fallback, int min, int max) => TimeSpan.FromHours(Number(name, fallback, min, max));

    internal void Add(string error) => _errors.Add(error);

    internal void ThrowIfWrong()
    {
        if (_errors.Count > 0)
        {
            throw new SettingsException(_errors);
        }
    }

    private static string Shorten(string text) => text.Length <= 40 ? text : text[..40] + "…";
}
