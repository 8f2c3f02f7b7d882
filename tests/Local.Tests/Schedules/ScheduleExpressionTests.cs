using System.Globalization;
using Relaybox.Local.Schedules;

namespace Relaybox.Local.Tests.Schedules;

public class ScheduleExpressionTests
{
    // 2026-01-01 is a Thursday.
    [Theory]
    [InlineData("rate(1 minute)", "2026-01-01T12:01:00Z")]
    [InlineData("rate(5 minutes)", "2026-01-01T12:05:00Z")]
    [InlineData("rate(2 hours)", "2026-01-01T14:00:00Z")]
    [InlineData("rate(1 day)", "2026-01-02T12:00:00Z")]
    [InlineData("cron(0/15 * * * ? *)", "2026-01-01T12:15:00Z")]
    [InlineData("cron(0 3 * * ? *)", "2026-01-02T03:00:00Z")]
    [InlineData("cron(0 0 1 * ? *)", "2026-02-01T00:00:00Z")]
    [InlineData("cron(0 0 L * ? *)", "2026-01-31T00:00:00Z")]
    [InlineData("cron(0 0 3W * ? *)", "2026-01-02T00:00:00Z")]
    [InlineData("cron(0 0 ? * 1 *)", "2026-01-04T00:00:00Z")]
    [InlineData("cron(0 0 ? * SUN *)", "2026-01-04T00:00:00Z")]
    [InlineData("cron(0 0 ? * 2-6 *)", "2026-01-02T00:00:00Z")]
    [InlineData("cron(0 0 ? * 7 *)", "2026-01-03T00:00:00Z")]
    [InlineData("cron(0 0 ? * L *)", "2026-01-03T00:00:00Z")]
    [InlineData("cron(0 0 ? * 6L *)", "2026-01-30T00:00:00Z")]
    [InlineData("cron(0 0 ? * 3#2 *)", "2026-01-13T00:00:00Z")]
    [InlineData("cron(0 0 ? * MON-FRI *)", "2026-01-02T00:00:00Z")]
    [InlineData("cron(0 0 1 JUN ? *)", "2026-06-01T00:00:00Z")]
    [InlineData("cron(0 0 1 1 ? 2028)", "2028-01-01T00:00:00Z")]
    [InlineData("cron(0 0 1 1 ? 2027-2030)", "2027-01-01T00:00:00Z")]
    [InlineData("cron(0 0 1 1 ? 2025,2029)", "2029-01-01T00:00:00Z")]
    [InlineData("cron(0 0 1 1 ? 2025/3)", "2028-01-01T00:00:00Z")]
    [InlineData("cron(0 0 29 2 ? *)", "2028-02-29T00:00:00Z")]
    [InlineData("cron(0 0 1 1 ? 2020)", null)]
    [InlineData("at(2026-03-01T08:00:00)", "2026-03-01T08:00:00Z")]
    [InlineData("at(2025-03-01T08:00:00)", null)]
    public void The_next_moment_after_noon_of_new_year(string expression, string? expected) =>
        Assert.Equal(
            expected is null ? null : DateTimeOffset.Parse(expected, CultureInfo.InvariantCulture),
            ScheduleExpression.Parse(expression, "UTC").NextAfter(new DateTimeOffset(2026, 1, 1, 12, 0, 0, TimeSpan.Zero)));

    [Fact]
    public void A_time_zone_moves_the_clock() =>
        Assert.Equal(
            new DateTimeOffset(2026, 1, 2, 2, 0, 0, TimeSpan.Zero),
            ScheduleExpression.Parse("cron(0 3 * * ? *)", "Europe/Zurich").NextAfter(new DateTimeOffset(2026, 1, 1, 12, 0, 0, TimeSpan.Zero)));

    [Theory]
    [InlineData("every day")]
    [InlineData("rate(0 minutes)")]
    [InlineData("rate(1 second)")]
    [InlineData("rate(minute)")]
    [InlineData("cron(0 3 * * ?)")]
    [InlineData("cron(0 3 * * * *)")]
    [InlineData("cron(0 3 ? * ? *)")]
    [InlineData("cron(99 3 * * ? *)")]
    [InlineData("cron(0 3 * * ? soon)")]
    [InlineData("at(tomorrow)")]
    public void What_the_service_would_refuse_is_refused(string expression) =>
        Assert.Throws<RunnerException>(() => ScheduleExpression.Parse(expression, "UTC"));

    [Fact]
    public void An_unknown_time_zone_is_refused() =>
        Assert.Throws<RunnerException>(() => ScheduleExpression.Parse("rate(1 minute)", "Mars/Olympus"));
}
