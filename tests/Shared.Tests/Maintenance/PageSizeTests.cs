using Relaybox.Paging;

namespace Relaybox.Shared.Tests.Maintenance;

/// <summary>Steps are as large as they are quickly done.</summary>
public sealed class PageSizeTests
{
    private static readonly TimeSpan StepTime = TimeSpan.FromMilliseconds(20);

    [Fact]
    public void Quick_steps_double_up_to_16_times_the_first()
    {
        var size = new PageSize(500, StepTime);
        var rows = new List<int> { size.Rows };
        for (var step = 0; step < 6; step++)
        {
            size.Adapt(TimeSpan.FromMilliseconds(9));
            rows.Add(size.Rows);
        }

        Assert.Equal([500, 1_000, 2_000, 4_000, 8_000, 8_000, 8_000], rows);
    }

    [Fact]
    public void A_step_that_takes_too_long_is_followed_by_smaller_ones_but_never_below_the_first()
    {
        var size = new PageSize(500, StepTime);
        size.Adapt(TimeSpan.Zero);
        size.Adapt(TimeSpan.Zero);
        Assert.Equal(2_000, size.Rows);
        size.Adapt(TimeSpan.FromMilliseconds(21));
        Assert.Equal(1_000, size.Rows);
        size.Adapt(TimeSpan.FromSeconds(21));
        size.Adapt(TimeSpan.FromSeconds(21));
        Assert.Equal(500, size.Rows);
    }

    [Theory]
    [InlineData(10)]
    [InlineData(20)]
    public void A_step_that_takes_about_as_long_as_it_should_is_followed_by_one_of_its_size(int milliseconds)
    {
        var size = new PageSize(500, StepTime);
        size.Adapt(TimeSpan.FromMilliseconds(milliseconds));
        Assert.Equal(500, size.Rows);
    }

    [Fact]
    public void The_largest_size_does_not_overflow()
    {
        var size = new PageSize(int.MaxValue / 16, StepTime);
        for (var step = 0; step < 40; step++)
        {
            size.Adapt(TimeSpan.Zero);
        }

        Assert.InRange(size.Rows, int.MaxValue / 2, int.MaxValue);
    }
}
