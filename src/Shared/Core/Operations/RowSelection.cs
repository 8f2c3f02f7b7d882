using System.Globalization;
using System.Text;
using Relaybox.Events;
using Relaybox.Outbox;

namespace Relaybox.Operations;

/// <summary>
/// Which parked, pending or sent rows, or dead letters, an operator means, written as terms that must all hold:
/// <c>subject:orders.&gt; error:publish.* older:2h</c>.
/// </summary>
internal sealed class RowSelection
{
    private const string Shelved = "shelved";

    private static readonly string[] OfAll = ["id", "subject", "key", "header", "older", "newer"];
    private static readonly string[] OfFailures = [.. OfAll, "error", "text"];
    private static readonly string[] OfParked = [.. OfFailures, Shelved, "skipped"];

    private readonly List<Func<Selectable, DateTimeOffset, bool>> _conditions = [];

    private RowSelection(string text, OperationTarget of) => (Text, Of) = (text, of);

    /// <summary>The selection as it was written.</summary>
    public string Text { get; }

    /// <summary>What is selected.</summary>
    public OperationTarget Of { get; }

    /// <summary>The one event that is meant; null where the selection does not name one.</summary>
    public string? EventId { get; private set; }

    /// <summary>The age that no selected row has reached; null: their ages have no bound.</summary>
    public TimeSpan? NewerThan { get; private set; }

    /// <summary>Reads a selection. Without a term for it, shelved rows are left out.</summary>
    /// <param name="text">Terms with blanks between them; a value with a blank in it is put in double quotes.</param>
    /// <param name="of">What is selected: only parked rows are shelved or skipped, and sent rows have no error.</param>
    /// <exception cref="RequestException">It cannot be read; the message says why.</exception>
    public static RowSelection Parse(string text, OperationTarget of = OperationTarget.Rows)
    {
        ArgumentNullException.ThrowIfNull(text);
        var names = of switch
        {
            OperationTarget.Rows => OfParked,
            OperationTarget.DeadLetters or OperationTarget.PendingRows => OfFailures,
            _ => OfAll,
        };
        var selection = new RowSelection(text.Trim(), of);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var term in SplitTerms(text))
        {
            var colon = term.IndexOf(':', StringComparison.Ordinal);
            var name = colon > 0 ? term[..colon] : "";
            if (!names.Contains(name) && name != "state")
            {
                throw new RequestException(
                    $"'{(colon > 0 ? name + ":" : term)}' is no term of a selection of {Items(of)}. "
                    + $"Write a name, ':' and a value, as in subject:orders.>; the names are state, {string.Join(", ", names)}.");
            }

            if (!seen.Add(name))
            {
                throw new RequestException($"'{name}:' stands twice. Each name may stand once, since all terms must hold.");
            }

            selection.Add(name, term[(colon + 1)..]);
        }

        // A row that is named is meant, wherever it is.
        if (!seen.Contains(Shelved) && selection.EventId is null)
        {
            selection._conditions.Add((item, _) => !item.IsShelved);
        }

        return selection;
    }

    /// <summary>What is selected, in words.</summary>
    internal static string Items(OperationTarget of) => of switch
    {
        OperationTarget.Rows => "parked rows",
        OperationTarget.DeadLetters => "dead letters",
        OperationTarget.PendingRows => "pending rows",
        _ => "sent rows",
    };

    /// <summary>Whether a parked, pending or sent row is meant.</summary>
    /// <param name="row">The row; its payload is not looked at.</param>
    /// <param name="now">The time from which ages are measured.</param>
    public bool Matches(OutboxRow row, DateTimeOffset now) => Matches(Selectable.Of(row), now);

    /// <summary>Whether a dead letter is meant.</summary>
    /// <param name="letter">The dead letter; its payload is not looked at.</param>
    /// <param name="now">The time from which ages are measured.</param>
    public bool Matches(DeadLetter letter, DateTimeOffset now) => Matches(Selectable.Of(letter), now);

    private bool Matches(Selectable item, DateTimeOffset now) => _conditions.TrueForAll(condition => condition(item, now));

    private void Add(string name, string value)
    {
        if (value.Length == 0)
        {
            throw new RequestException($"'{name}:' has no value.");
        }

        switch (name)
        {
            case "state":
                var state = Of switch
                {
                    OperationTarget.Rows => OutboxStatusText.Failed,
                    OperationTarget.DeadLetters => "dead",
                    OperationTarget.PendingRows => OutboxStatusText.Pending,
                    _ => OutboxStatusText.Sent,
                };
                if (value != state)
                {
                    throw new RequestException(
                        $"'state:{value}' cannot be selected: here are {Items(Of)} alone, state:{state}."
                        + (Of == OperationTarget.DeadLetters ? "" : " How a row stands that is neither parked nor sent: relaybox why EVENT_ID"));
                }

                break;
            case "id":
                EventId = value;
                _conditions.Add((item, _) => item.EventId == value);
                break;
            case "subject":
                var pattern = ParseSubject(value);
                _conditions.Add((item, _) => item.Subject is { } subject && (pattern?.Matches(subject) ?? subject == value));
                break;
            case "error":
                _conditions.Add(value.EndsWith('*')
                    ? (item, _) => item.ErrorCode?.StartsWith(value[..^1], StringComparison.Ordinal) == true
                    : (item, _) => item.ErrorCode == value);
                break;
            case "text":
                _conditions.Add((item, _) => item.ErrorMessage?.Contains(value, StringComparison.OrdinalIgnoreCase) == true);
                break;
            case "key":
                _conditions.Add((item, _) => item.OrderingKey == value);
                break;
            case "header":
                var (header, wanted) = value.Split('=', 2) is [var left, var right] ? (left, right) : (value, null);
                _conditions.Add((item, _) => item.Headers.TryGetValue(header, out var is_) && (wanted is null || is_ == wanted));
                break;
            case "older":
                var olderThan = ParseAge(name, value);
                _conditions.Add((item, now) => item.At <= now - olderThan);
                break;
            case "newer":
                var newerThan = ParseAge(name, value);
                NewerThan = newerThan;
                _conditions.Add((item, now) => item.At > now - newerThan);
                break;
            case Shelved:
                AddFlag(name, value, item => item.IsShelved);
                break;
            default:
                AddFlag(name, value, item => item.IsSkipped);
                break;
        }
    }

    private void AddFlag(string name, string value, Predicate<Selectable> holds)
    {
        switch (value)
        {
            case "yes":
                _conditions.Add((item, _) => holds(item));
                break;
            case "no":
                _conditions.Add((item, _) => !holds(item));
                break;
            case "any":
                break;
            default:
                throw new RequestException($"'{name}:{value}' is unknown. Write {name}:yes, {name}:no or {name}:any.");
        }
    }

    // Null: the value is a subject that nothing can be published to, and means itself. Rows are parked for such subjects.
    private static SubjectPattern? ParseSubject(string value)
    {
        try
        {
            return SubjectPattern.Parse(value);
        }
        catch (FormatException) when (!value.AsSpan().ContainsAny('*', '>'))
        {
            return null;
        }
        catch (FormatException e)
        {
            throw new RequestException($"subject: {e.Message}");
        }
    }

    private static TimeSpan ParseAge(string name, string value)
    {
        var unit = value[^1] switch
        {
            's' => TimeSpan.FromSeconds(1),
            'm' => TimeSpan.FromMinutes(1),
            'h' => TimeSpan.FromHours(1),
            'd' => TimeSpan.FromDays(1),
            _ => TimeSpan.Zero,
        };
        return unit > TimeSpan.Zero && int.TryParse(value[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            && count * (decimal)unit.Ticks <= TimeSpan.FromDays(36_500).Ticks
            ? count * unit
            : throw new RequestException($"'{name}:{value}' is no age. Write a whole number and s, m, h or d, as in {name}:2h; at most 36500d.");
    }

    private static IEnumerable<string> SplitTerms(string text)
    {
        var term = new StringBuilder();
        var isQuoted = false;
        foreach (var c in text)
        {
            if (c == '"')
            {
                isQuoted = !isQuoted;
            }
            else if (c == ' ' && !isQuoted)
            {
                if (term.Length > 0)
                {
                    yield return term.ToString();
                }

                term.Clear();
            }
            else
            {
                term.Append(c);
            }
        }

        if (isQuoted)
        {
            throw new RequestException("A double quote is not closed.");
        }

        if (term.Length > 0)
        {
            yield return term.ToString();
        }
    }
}
