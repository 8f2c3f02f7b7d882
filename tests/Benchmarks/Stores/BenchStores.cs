using Relaybox.Benchmarks.Stores.MongoDb;
using Relaybox.Benchmarks.Stores.MySql;
using Relaybox.Benchmarks.Stores.Postgres;
using Relaybox.Benchmarks.Stores.Redis;

namespace Relaybox.Benchmarks.Stores;

/// <summary>All stores that can be measured, in the order of the documents.</summary>
internal static class BenchStores
{
    public static IReadOnlyList<IBenchStore> All { get; } =
    [
        new PostgresBenchStore(), new MongoBenchStore(), new MySqlBenchStore(), new RedisBenchStore(),
    ];
}
