using Relaybox.Local.Chaos;

namespace Relaybox.Local.Tests.Chaos;

/// <summary>What chaos calls out of order.</summary>
public sealed class KeyOrderTests
{
    private static readonly Dictionary<string, (string Key, long Place)> Places = new()
    {
        ["a1"] = ("a", 1), ["a2"] = ("a", 2), ["a3"] = ("a", 3), ["b9"] = ("b", 9),
    };

    [Theory]
    [InlineData("a1 b9 a2 a3", "")]
    [InlineData("a1 a3 a2", "a2")]
    [InlineData("a3 a2 a1", "a2 a1")]
    public async Task An_event_is_out_of_order_behind_a_later_one_of_its_key(string published, string broken) =>
        Assert.Equal(Words(broken), await FindBrokenAsync(published));

    [Theory]
    [InlineData("a1 a2 a1 a3 a2")]
    [InlineData("a1 unknown a2")]
    public async Task A_copy_and_an_event_without_a_key_may_come_at_any_time(string published) => Assert.Empty(await FindBrokenAsync(published));

    private static string[] Words(string text) => text.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    private static Task<IReadOnlyList<string>> FindBrokenAsync(string published) =>
        KeyOrder.FindBrokenAsync(Words(published).ToAsyncEnumerable(), Places, TestContext.Current.CancellationToken);
}
