
namespace Relaybox.Events;

/// <summary>
/// A pattern over subjects: <c>*</c> stands for one token, <c>&gt;</c> at the end for one or more. The same as in NATS.
/// </summary>
internal sealed class SubjectPattern
{
    private readonly string[] _tokens;

    private SubjectPattern(string text, string[] tokens)
    {
        Text = text;
        _tokens = tokens;
    }

    /// <summary>The pattern as it was written.</summary>
    public string Text { get; }

    /// <summary>Reads a pattern.</summary>
    /// <param name="text">Such as <c>orders.placed</c>, <c>orders.*</c> or <c>orders.&gt;</c>.</param>
    /// <exception cref="FormatException">It is not a pattern.</exception>
    public static SubjectPattern Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var tokens = text.Split('.');
        for (var i = 0; i < tokens.Length; i++)
        {
            var valid = tokens[i] switch
            {
                ">" => i == tokens.Length - 1,
                "*" => true,
                _ => RowContract.CheckSubject(tokens[i]) is null,
            };
            if (!valid)
            {
                throw new FormatException(
                    $"'{text}' is not a subject pattern: use tokens of letters, digits, "
                    + "'-' and '_', '*' for one token, '>' at the end for the rest.");
            }
        }

        return new SubjectPattern(text, tokens);
    }

    /// <summary>Whether a subject fits the pattern.</summary>
    /// <param name="subject">The subject.</param>
    public bool Matches(string subject)
    {
        var rest = subject.AsSpan();
        for (var i = 0; i < _tokens.Length; i++)
        {
            if (_tokens[i] == ">")
            {
                return !rest.IsEmpty;
            }

            var dot = rest.IndexOf('.');
            var token = dot < 0 ? rest : rest[..dot];
            if (token.IsEmpty || (_tokens[i] != "*" && !token.SequenceEqual(_tokens[i])))
            {
                return false;
            }

            rest = dot < 0 ? default : rest[(dot + 1)..];
        }

        return rest.IsEmpty;
    }

    /// <summary>Whether this pattern is the narrower one: a literal before <c>*</c> before <c>&gt;</c>, token by token.</summary>
    /// <param name="other">The other pattern.</param>
    internal int CompareSpecificity(SubjectPattern other)
    {
        for (var i = 0; i < Math.Max(_tokens.Length, other._tokens.Length); i++)
        {
            var difference = Rank(i).CompareTo(other.Rank(i));
            if (difference != 0)
            {
                return difference;
            }
        }

        return 0;
    }

    private int Rank(int i) => i >= _tokens.Length ? 0 : _tokens[i] switch
    {
        ">" => 1,
        "*" => 2,
        _ => 3,
    };
}
