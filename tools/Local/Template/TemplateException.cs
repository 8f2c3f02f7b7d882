namespace Relaybox.Local.Template;

/// <summary>The template says something that cannot be followed here; the message starts with the line.</summary>
internal sealed class TemplateException(int line, string message) : Exception($"line {line}: {message}")
{
    public int Line { get; } = line;
}
