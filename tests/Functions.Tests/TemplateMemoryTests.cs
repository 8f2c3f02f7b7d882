using System.Globalization;
using Relaybox.Settings;
using YamlDotNet.RepresentationModel;
using static Relaybox.Functions.Tests.TemplateDocument;

namespace Relaybox.Functions.Tests;

/// <summary>The heap's limit that each function starts with fits its memory, for every size that a deployer may choose.</summary>
public class TemplateMemoryTests
{
    private const string HeapLimit = "DOTNET_GCHeapHardLimit";

    private static readonly TemplateDocument Template = Instance;

    /// <summary>Each function with each memory that it can have.</summary>
    public static TheoryData<string, int> Sizes
    {
        get
        {
            var sizes = new TheoryData<string, int>();
            foreach (var function in Template.Functions.Keys)
            {
                var isChosen = Template.Parameters.Contains(Parameter(function));
                foreach (var size in Items(isChosen ? Template.Parameter(Parameter(function), "AllowedValues") : Memory(function)))
                {
                    sizes.Add(function, int.Parse(Text(size), CultureInfo.InvariantCulture));
                }
            }

            return sizes;
        }
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void A_function_starts_with_the_limit_of_its_memory(string function, int megabytes)
    {
        var size = megabytes.ToString(CultureInfo.InvariantCulture);
        var limit = Template.Look(Limit(function), Parameter(function), size);

        Assert.Equal(megabytes, Template.Evaluate(Memory(function), Parameter(function), size));
        Assert.Equal(FunctionMemory.HeapBytes(megabytes), long.Parse(limit, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture));
    }

    [Fact]
    public void Every_size_of_the_table_can_be_chosen()
    {
        var sizes = Sizes.Select(row => row.Data.Item2.ToString(CultureInfo.InvariantCulture)).Distinct().Order();

        Assert.Equal(sizes, Entries(Template.Section("Mappings")["FunctionMemory"]).Keys.Order());
    }

    [Theory]
    [InlineData(256, 1L << 40, 2L << 20)]
    [InlineData(1024, 1L << 40, 14L << 20)]
    [InlineData(1024, 64L << 20, 1L << 20)]
    public void A_batch_fits_the_heap_of_the_memory_or_a_lower_limit_that_the_process_has(int megabytes, long availableBytes, long batchBytes) =>
        Assert.Equal(batchBytes, FunctionMemory.BatchBytes(megabytes, availableBytes));

    private static YamlNode? Limit(string function) =>
        Template.Property(function, "Environment", "Variables", HeapLimit) ?? Template.Global("Environment", "Variables", HeapLimit);

    private static YamlNode? Memory(string function) => Template.Property(function, "MemorySize") ?? Template.Global("MemorySize");

    private static string Parameter(string function) => DeployedSettings.ParameterOf(Text(Memory(function)));
}
