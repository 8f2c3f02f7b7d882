using MongoDB.Bson;
using Relaybox.MongoDouble.Language.Values;

namespace Relaybox.MongoDouble.Language.Expressions;

/// <summary>The units of time, their boundaries, and steps from one to the next.</summary>
internal static class DateUnits
{
    private static readonly string[] Units = ["year", "quarter", "month", "week", "day", "hour", "minute", "second", "millisecond"];
    private static readonly DateTime Reference = new(2000, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    public static string Parse(BsonValue? value, ServerException noString) => value is not BsonString unit
        ? throw noString
        : Units.Contains(unit.Value) ? unit.Value : throw Errors.FailedToParse($"unknown time unit value: {unit.Value}");

    public static DayOfWeek StartOfWeek(BsonValue? value) => value switch
    {
        null => DayOfWeek.Sunday,
        BsonString { Value: var name } => Enum.GetValues<DayOfWeek>().Select(day => (DayOfWeek?)day).FirstOrDefault(
            day => name.Equals($"{day}", StringComparison.OrdinalIgnoreCase) || name.Equals($"{day}"[..3], StringComparison.OrdinalIgnoreCase))
            ?? throw Errors.FailedToParse($"unknown day of week value: {name}"),
        _ => throw Errors.Location(5439015, $"'startOfWeek' must be a string, but got {BsonTypes.Name(value)}"),
    };

    public static DateTime Add(DateTime date, string unit, long amount) => Span(unit) is { } ticks
        ? date.AddTicks(checked(ticks * amount))
        : date.AddMonths(checked((int)(amount * Months(unit))));

    /// <summary>How many boundaries of the unit lie before a date; the difference of two is what <c>$dateDiff</c> answers.</summary>
    public static long Index(DateTime date, string unit, DayOfWeek startOfWeek)
    {
        if (Span(unit) is not { } span)
        {
            return Floor(MonthsSince(date), Months(unit));
        }
        return Floor((date - Origin(unit, startOfWeek)).Ticks, span);
    }

    public static DateTime Truncate(DateTime date, string unit, long size, DayOfWeek startOfWeek)
    {
        if (Span(unit) is not { } span)
        {
            var months = Months(unit) * size;
            return Reference.AddMonths((int)(Floor(MonthsSince(date), months) * months));
        }
        var origin = Origin(unit, startOfWeek);
        return origin.AddTicks(Floor((date - origin).Ticks, span * size) * span * size);
    }

    public static BsonDateTime ToBson(DateTime date) => new(Floor((date - DateTime.UnixEpoch).Ticks, TimeSpan.TicksPerMillisecond));

    private static long? Span(string unit) => unit switch
    {
        "week" => 7 * TimeSpan.TicksPerDay,
        "day" => TimeSpan.TicksPerDay,
        "hour" => TimeSpan.TicksPerHour,
        "minute" => TimeSpan.TicksPerMinute,
        "second" => TimeSpan.TicksPerSecond,
        "millisecond" => TimeSpan.TicksPerMillisecond,
        _ => null,
    };

    private static long Months(string unit) => unit switch
    {
        "year" => 12,
        "quarter" => 3,
        _ => 1,
    };

    private static long MonthsSince(DateTime date) => ((date.Year - Reference.Year) * 12L) + date.Month - Reference.Month;

    private static DateTime Origin(string unit, DayOfWeek startOfWeek) => unit == "week"
        ? Reference.AddDays(((int)startOfWeek - (int)Reference.DayOfWeek + 7) % 7)
        : Reference;

    private static long Floor(long value, long by) => (value / by) - (value % by < 0 ? 1 : 0);
}
