using System.Globalization;
using System.Text.RegularExpressions;

namespace Relaybox.Local.Schedules;

/// <summary>
/// When a schedule fires: <c>rate(5 minutes)</c>, <c>cron(min hour day-of-month month day-of-week year)</c> or
/// <c>at(yyyy-mm-ddThh:mm:ss)</c>, as Amazon EventBridge Scheduler reads them.
/// </summary>
internal abstract partial class ScheduleExpression
{
    /// <exception cref="RunnerException">The expression is not of a form that the service accepts.</exception>
    public static ScheduleExpression Parse(string text, string timeZone)
    {
        var match = Form().Match(text.Trim());
        var zone = FindZone(timeZone);
        return (match.Groups["kind"].Value, match.Groups["body"].Value.Trim()) switch
        {
            ("rate", var body) => RateExpression.Parse(body),
            ("cron", var body) => CronExpression.Parse(body, zone),
            ("at", var body) => AtExpression.Parse(body, zone),
            _ => throw new RunnerException($"The schedule '{text}' is neither rate(…), cron(…) nor at(…)."),
        };
    }

    /// <summary>Whether it begins with a run, as a rate without a start date does, rather than with a wait.</summary>
    public virtual bool BeginsAtOnce => false;

    /// <returns>The first moment after the given one; null when there is none any more.</returns>
    public abstract DateTimeOffset? NextAfter(DateTimeOffset moment);

    private static TimeZoneInfo FindZone(string name)
    {
        try
        {
            return TimeZoneInfo.FindSystemTimeZoneById(name);
        }
        catch (TimeZoneNotFoundException exception)
        {
            throw new RunnerException($"The time zone '{name}' is unknown on this machine.", exception);
        }
    }

    [GeneratedRegex(@"^(?<kind>rate|cron|at)\((?<body>.*)\)$")]
    private static partial Regex Form();

    private sealed partial class RateExpression(TimeSpan period) : ScheduleExpression
    {
        public override bool BeginsAtOnce => true;

        public static RateExpression Parse(string body)
        {
            var match = RateForm().Match(body);
            if (!match.Success || !int.TryParse(match.Groups[1].Value, CultureInfo.InvariantCulture, out var value) || value < 1)
            {
                throw new RunnerException($"rate({body}): expected a number of minutes, hours or days.");
            }

            return new RateExpression(match.Groups[2].Value switch
            {
                "minute" => TimeSpan.FromMinutes(value),
                "hour" => TimeSpan.FromHours(value),
                _ => TimeSpan.FromDays(value),
            });
        }

        public override DateTimeOffset? NextAfter(DateTimeOffset moment) => moment + period;

        [GeneratedRegex(@"^(\d+)\s+(minute|hour|day)s?$")]
        private static partial Regex RateForm();
    }

    private sealed class AtExpression(DateTimeOffset moment) : ScheduleExpression
    {
        public static AtExpression Parse(string body, TimeZoneInfo zone)
        {
            if (!DateTime.TryParseExact(body, "yyyy-MM-dd'T'HH:mm:ss", CultureInfo.InvariantCulture, DateTimeStyles.None, out var local))
            {
                throw new RunnerException($"at({body}): expected yyyy-mm-ddThh:mm:ss.");
            }

            return new AtExpression(new DateTimeOffset(local, zone.GetUtcOffset(local)));
        }

        public override DateTimeOffset? NextAfter(DateTimeOffset after) => moment > after ? moment : null;
    }
}
