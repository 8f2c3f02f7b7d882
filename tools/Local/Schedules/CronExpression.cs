using System.Globalization;
using System.Text.RegularExpressions;
using Cronos;

namespace Relaybox.Local.Schedules;

/// <summary>
/// The service's six fields on top of a five-field cron: Sunday is 1 instead of 0, exactly one of the two day
/// fields must be <c>?</c>, and the sixth field is the year.
/// </summary>
internal sealed partial class CronExpression : ScheduleExpression
{
    private const int FirstYear = 1970;
    private const int LastYear = 2199;

    private readonly Cronos.CronExpression _inner;
    private readonly IReadOnlySet<int> _years;
    private readonly TimeZoneInfo _zone;

    private CronExpression(Cronos.CronExpression inner, IReadOnlySet<int> years, TimeZoneInfo zone)
    {
        _inner = inner;
        _years = years;
        _zone = zone;
    }

    public static CronExpression Parse(string body, TimeZoneInfo zone)
    {
        var fields = body.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        if (fields.Length != 6)
        {
            throw new RunnerException($"cron({body}): expected six fields (minutes hours day-of-month month day-of-week year), not {fields.Length}.");
        }

        if (fields[2] == "?" == (fields[4] == "?"))
        {
            throw new RunnerException($"cron({body}): exactly one of day-of-month and day-of-week must be ?.");
        }

        try
        {
            return new CronExpression(
                Cronos.CronExpression.Parse(string.Join(' ', [.. fields[..4], DaysOfWeek(fields[4])])), Years(fields[5], body), zone);
        }
        catch (CronFormatException exception)
        {
            throw new RunnerException($"cron({body}): {exception.Message}", exception);
        }
    }

    public override DateTimeOffset? NextAfter(DateTimeOffset moment)
    {
        var from = moment;
        while (_inner.GetNextOccurrence(from, _zone) is { } next)
        {
            var year = TimeZoneInfo.ConvertTime(next, _zone).Year;
            if (_years.Contains(year))
            {
                return next;
            }

            var following = _years.Where(candidate => candidate > year).Order().FirstOrDefault();
            if (following == 0)
            {
                return null;
            }

            var newYear = new DateTime(following, 1, 1, 0, 0, 0, DateTimeKind.Unspecified);
            from = new DateTimeOffset(newYear, _zone.GetUtcOffset(newYear)).AddSeconds(-1);
        }

        return null;
    }

    // "L" alone means the last day of the week, Saturday. A step's number is not a day.
    private static string DaysOfWeek(string field) => field switch
    {
        "?" => "*",
        "L" => "6",
        _ => DayNumber().Replace(
            field, match => ((int.Parse(match.Value, CultureInfo.InvariantCulture) + 6) % 7).ToString(CultureInfo.InvariantCulture)),
    };

    private static HashSet<int> Years(string field, string body)
    {
        var years = new HashSet<int>();
        foreach (var part in field.Split(','))
        {
            var match = YearForm().Match(part);
            if (!match.Success)
            {
                throw new RunnerException($"cron({body}): '{part}' is not a year, a range of years or *.");
            }

            var first = match.Groups["first"].Success ? Number(match.Groups["first"]) : FirstYear;
            var step = match.Groups["step"].Success ? Number(match.Groups["step"]) : 1;
            var last = match.Groups["last"].Success ? Number(match.Groups["last"])
                : match.Groups["first"].Success && !match.Groups["step"].Success ? first
                : LastYear;
            for (var year = first; year <= last; year += Math.Max(step, 1))
            {
                years.Add(year);
            }
        }

        return years;
    }

    private static int Number(Group group) => int.Parse(group.Value, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"(?<![#/\d])[1-7](?!\d)")]
    private static partial Regex DayNumber();

    [GeneratedRegex(@"^(?:\*|(?<first>\d{4})(?:-(?<last>\d{4}))?)(?:/(?<step>\d{1,3}))?$")]
    private static partial Regex YearForm();
}
