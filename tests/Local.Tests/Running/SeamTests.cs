using Relaybox.Local.Brokers;
using Relaybox.Local.Stores;

namespace Relaybox.Local.Tests.Running;

/// <summary>What a store or a broker needs is in its own folder.</summary>
public sealed class SeamTests
{
    // Lambda has event sources for them, whatever the store and the broker of a stack are.
    private static readonly string[] ServicesOfLambda = ["dynamodb", "sqs"];

    public static TheoryData<string> Names =>
        new(LocalStores.All.Select(store => store.Name).Concat(LocalBrokers.All.Select(broker => broker.Name)).Except(ServicesOfLambda));

    [Theory]
    [MemberData(nameof(Names))]
    public void No_code_but_its_folder_and_the_list_names_a_store_or_a_broker(string name)
    {
        var root = Path.Combine(RepositoryLayout.Root, "tools", "Local");
        var files = Directory.GetFiles(root, "*.cs", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(root, file))
            .Where(file => file.Split('/')
                is not (["Stores" or "Brokers", _, _, ..] or [_, "LocalStores.cs" or "LocalBrokers.cs"] or ["emulators", ..]));
        Assert.DoesNotContain(files, file => File.ReadAllText(Path.Combine(root, file)).Contains(name, StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public void Every_store_and_broker_is_found_by_its_name()
    {
        Assert.All(LocalStores.All, store => Assert.Same(store, LocalStores.Find(store.Name)));
        Assert.All(LocalBrokers.All, broker => Assert.Same(broker, LocalBrokers.Find(broker.Name)));
    }
}
