package io.emberscope.profile.otlp;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.profile.AddressRange;
import io.emberscope.profile.CutMark;
import io.emberscope.profile.CutReason;
import io.emberscope.profile.Frame;
import io.emberscope.profile.FrameKind;
import io.emberscope.profile.IngestLimits;
import io.emberscope.profile.IngestLimits.Limit;
import io.emberscope.profile.Line;
import io.emberscope.profile.intern.IntList;
import io.emberscope.profile.intern.IntSequences;
import io.emberscope.profile.intern.StringTable;
import io.emberscope.profile.protobuf.EntryTable;
import io.emberscope.profile.protobuf.Refusal;
import io.emberscope.profile.protobuf.WireReader;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// The dictionary of one request. It finds the entries first and reads each when it is first used:
/// an entry costs the same however often it is referred to, and one that is not used costs next to
/// nothing. Index 0 of each table is OTLP's null and never read.
///
/// What comes out is free of duplicates, whatever the sender's tables hold: processes that map the
/// same library have a mapping and locations each, but the same frames.
final class Dictionary {
    private static final Frame TRUNCATED = CutMark.frame(CutReason.TOO_DEEP.text());
    private static final int[] EMPTY_STACK = {};
    private static final int BUILD_ID_LENGTH_MAX = 128;
    // Most bytes that a char of a Java text takes in UTF-8.
    private static final int UTF8_BYTES_MAX = 3;
    private static final String BUILD_ID_RULE =
            "pairs of hex digits, at most " + BUILD_ID_LENGTH_MAX + " characters";

    private final byte[] bytes;
    private final IngestLimits limits;
    private final int stackDepthMax;

    private final EntryTable mappingTable;
    private final EntryTable locationTable;
    private final EntryTable functionTable;
    private final EntryTable linkTable;
    private final EntryTable stringTable;
    private final EntryTable attributeTable;
    private final EntryTable stackTable;

    // What was read of each entry, number + 1, or 0 if it was not read yet.
    private int[] nameOfString = {};
    private int[] functionOfEntry = {};
    private int[] frameOfLocation = {};
    private int[] stackOfEntry = {};
    private @Nullable String[] textOfString = {};
    private @Nullable Mapping[] mappingOfEntry = {};
    private @Nullable Attribute[] attributeOfEntry = {};
    private @Nullable AttributeValue[] valueOfAttribute = {};

    private final StringTable names = StringTable.withEmptyFirst();
    private final IntSequences functions = new IntSequences();
    private final IntSequences frameKeys = new IntSequences();
    private final List<Frame> frames = new ArrayList<>();
    private final IntSequences stacks = new IntSequences();

    private int[] buffer = new int[256];
    // Of the location or mapping at hand: its attributes, and (function index, line) in turn.
    private final IntList attributes = new IntList();
    private final IntList lines = new IntList();
    private final WireReader.LongTaker attributeTaker =
            value -> attributes.add(checkAttribute(value));
    private long textBytes;
    private long cutStacks;
    private long cutNames;

    Dictionary(byte[] bytes, IngestLimits limits) {
        this.bytes = bytes;
        this.limits = limits;
        this.stackDepthMax = limits.get(Limit.STACK_DEPTH);
        mappingTable = table("mapping_table");
        locationTable = table("location_table");
        functionTable = table("function_table");
        linkTable = table("link_table");
        stringTable = table("string_table");
        attributeTable = table("attribute_table");
        stackTable = table("stack_table");
    }

    private EntryTable table(String name) {
        return new EntryTable(
                Found.DICTIONARY + '.' + name, bytes, limits.get(Limit.TABLE_ENTRIES));
    }

    /// A mapping with the numbers of its names.
    ///
    /// @param isOwn whether addresses in the range are the binary's own
    private record Mapping(AddressRange range, int binary, int buildId, boolean isOwn) {
        static final Mapping NONE = new Mapping(AddressRange.NONE, 0, 0, false);

        /// What an address is in the binary's own numbering, as far as the sender tells: one
        /// outside of the range is none of a process.
        long own(long address) {
            return buildId != 0 && (isOwn || !range.holds(address)) ? address : Frame.NO_ADDRESS;
        }
    }

    /// An attribute whose value is still to be read: nobody needs the values of most of them.
    private record Attribute(String key, int valueOffset, int valueLength) {
        static final Attribute NONE = new Attribute("", 0, 0);
    }

    /// Finds the entries of a `ProfilesDictionary`. If a request has several, they follow one
    /// another, as protobuf has it.
    void read(WireReader dictionary) throws MalformedInputException {
        while (dictionary.next()) {
            switch (dictionary.field()) {
                case 1 -> mappingTable.add(dictionary);
                case 2 -> locationTable.add(dictionary);
                case 3 -> functionTable.add(dictionary);
                case 4 -> linkTable.add(dictionary);
                case 5 -> stringTable.add(dictionary);
                case 6 -> attributeTable.add(dictionary);
                case 7 -> stackTable.add(dictionary);
                default -> dictionary.skip();
            }
        }
    }

    /// To be called once after all of [#read].
    void ready() throws MalformedInputException {
        if (stringTable.size() > 0 && stringTable.length(0) > 0) {
            throw Refusal.of(
                    Found.DICTIONARY + ".string_table[0]",
                    stringTable.length(0) + " bytes",
                    "empty, since index 0 means no string");
        }
        nameOfString = new int[stringTable.size()];
        functionOfEntry = new int[functionTable.size()];
        frameOfLocation = new int[locationTable.size()];
        stackOfEntry = new int[stackTable.size()];
        textOfString = new String[stringTable.size()];
        mappingOfEntry = new Mapping[mappingTable.size()];
        attributeOfEntry = new Attribute[attributeTable.size()];
        valueOfAttribute = new AttributeValue[attributeTable.size()];
    }

    /// The frames of all stacks handed out so far.
    List<Frame> frames() {
        return frames;
    }

    /// All stacks handed out so far.
    List<int[]> stacks() {
        List<int[]> all = new ArrayList<>(stacks.size());
        for (int i = 0; i < stacks.size(); i++) {
            all.add(stacks.get(i));
        }
        return all;
    }

    long cutStacks() {
        return cutStacks;
    }

    long cutNames() {
        return cutNames;
    }

    /// Accounts for texts that a frame or series repeats.
    void charge(long more) throws MalformedInputException {
        textBytes += more;
        Refusal.over(
                textBytes, limits.get(Limit.TEXT_BYTES), "dictionary: bytes of all texts used");
    }

    void checkLink(long index) throws MalformedInputException {
        if (index != 0) {
            Refusal.index(index, linkTable.size(), "link_index");
        }
    }

    int checkStack(long index) throws MalformedInputException {
        return index == 0 ? 0 : Refusal.index(index, stackTable.size(), "stack_index");
    }

    int checkAttribute(long index) throws MalformedInputException {
        return index == 0 ? 0 : Refusal.index(index, attributeTable.size(), "attribute_indices");
    }

    /// A string in full.
    String text(long index, int bytesMax, String field) throws MalformedInputException {
        if (index == 0) {
            return "";
        }
        int at = Refusal.index(index, stringTable.size(), field);
        String text = textOfString[at];
        // It may have been read under a higher limit.
        if (text == null || text.length() > bytesMax / UTF8_BYTES_MAX) {
            text = stringTable.text(at, bytesMax, field);
            textOfString[at] = text;
        }
        return text;
    }

    /// The key of an attribute, or the empty text for index 0.
    String attributeKey(int index) throws MalformedInputException {
        return attribute(index).key();
    }

    /// The value of an attribute. It is read once, however often it is asked for.
    AttributeValue attributeValue(int index) throws MalformedInputException {
        if (index == 0) {
            return AttributeValue.NONE;
        }
        AttributeValue value = valueOfAttribute[index];
        if (value == null) {
            Attribute attribute = attribute(index);
            try {
                value =
                        AttributeValue.read(
                                WireReader.of(
                                        bytes, attribute.valueOffset(), attribute.valueLength()),
                                this,
                                limits.get(Limit.LABEL_VALUE_BYTES));
            } catch (MalformedInputException e) {
                throw attributeTable.in(index, Found.in("value", e));
            }
            valueOfAttribute[index] = value;
        }
        return value;
    }

    /// The number of the stack with that index; see [#stacks].
    int stack(int index) throws MalformedInputException {
        if (index == 0) {
            return stacks.add(EMPTY_STACK);
        }
        if (stackOfEntry[index] == 0) {
            stackOfEntry[index] = readStack(index) + 1;
        }
        return stackOfEntry[index] - 1;
    }

    private int readStack(int index) throws MalformedInputException {
        StackTaker taker = new StackTaker();
        try {
            WireReader stack = stackTable.entry(index);
            while (stack.next()) {
                if (stack.field() == 1) {
                    stack.varints(taker, "location_indices");
                } else {
                    stack.skip();
                }
            }
        } catch (MalformedInputException e) {
            throw stackTable.in(index, e);
        }
        int depth = (int) Math.min(taker.count, stackDepthMax);
        int kept = taker.count > depth ? depth - 1 : depth;
        for (int i = 0; i < kept; i++) {
            buffer[i] = frame(buffer[i]);
        }
        if (kept < depth) {
            cutStacks++;
            buffer[kept] = truncated();
        }
        return stacks.add(buffer, 0, depth);
    }

    /// Collects the locations of a stack, as far as they are kept.
    private final class StackTaker implements WireReader.LongTaker {
        private long count;

        @Override
        public void take(long value) throws MalformedInputException {
            if (value == 0) {
                throw Refusal.of("location_indices", 0, "1 or more");
            }
            int location = Refusal.index(value, locationTable.size(), "location_indices");
            if (count < stackDepthMax) {
                if (count == buffer.length) {
                    buffer = Arrays.copyOf(buffer, buffer.length * 2);
                }
                buffer[(int) count] = location;
            }
            count++;
        }
    }

    private int truncated() {
        int number = frameKeys.add(-1);
        if (number == frames.size()) {
            frames.add(TRUNCATED);
        }
        return number;
    }

    private int frame(int location) throws MalformedInputException {
        if (frameOfLocation[location] == 0) {
            frameOfLocation[location] = readFrame(location) + 1;
        }
        return frameOfLocation[location] - 1;
    }

    private int readFrame(int index) throws MalformedInputException {
        int mapping = 0;
        long address = 0;
        lines.clear();
        attributes.clear();
        try {
            WireReader location = locationTable.entry(index);
            while (location.next()) {
                switch (location.field()) {
                    case 1 ->
                            mapping =
                                    nullable(
                                            location.varint("mapping_index"),
                                            mappingTable,
                                            "mapping_index");
                    case 2 -> address = location.varint("address");
                    case 3 -> {
                        int number = lines.size() / 2;
                        Refusal.over(number + 1L, limits.get(Limit.LINES), "lines");
                        WireReader line = location.message("lines");
                        try {
                            readLine(line);
                        } catch (MalformedInputException e) {
                            throw Found.in("lines", number, e);
                        }
                    }
                    case 4 -> location.varints(attributeTaker, "attribute_indices");
                    default -> location.skip();
                }
            }
        } catch (MalformedInputException e) {
            throw locationTable.in(index, e);
        }
        // Before the mapping, whose attributes take the place of the location's.
        FrameKind kind = kind();
        return frame(mapping(mapping), address, kind);
    }

    private FrameKind kind() throws MalformedInputException {
        for (int i = 0; i < attributes.size(); i++) {
            if (attributeKey(attributes.get(i)).equals(AttributeNames.FRAME_TYPE)) {
                FrameKind kind = FrameKind.of(attributeValue(attributes.get(i)).text());
                // Ours alone to give, to frames that stand for no code.
                return kind == FrameKind.LABEL ? FrameKind.UNKNOWN : kind;
            }
        }
        return FrameKind.UNKNOWN;
    }

    /// The number of the frame with [#lines].
    private int frame(Mapping mapping, long address, FrameKind kind)
            throws MalformedInputException {
        long offset = mapping.range().offsetOf(address);
        long own = mapping.own(address);
        int[] key = new int[7 + lines.size()];
        int length = 0;
        key[length++] = names.add(kind.text());
        key[length++] = mapping.binary();
        key[length++] = mapping.buildId();
        key[length++] = (int) (offset >>> Integer.SIZE);
        key[length++] = (int) offset;
        key[length++] = (int) (own >>> Integer.SIZE);
        key[length++] = (int) own;
        int linesFrom = length;
        for (int i = 0; i < lines.size(); i += 2) {
            int function = function(lines.get(i));
            if (functions.get(function)[0] != 0) {
                key[length++] = function;
                key[length++] = lines.get(i + 1);
            }
        }
        int number = frameKeys.add(key, 0, length);
        if (number == frames.size()) {
            String binary = names.get(mapping.binary());
            String buildId = names.get(mapping.buildId());
            charge(binary.length() + (long) buildId.length());
            Line[] named = new Line[(length - linesFrom) / 2];
            for (int i = 0; i < named.length; i++) {
                int at = linesFrom + 2 * i;
                named[i] = line(functions.get(key[at]), key[at + 1]);
            }
            frames.add(new Frame(kind, buildId, binary, offset, own, List.of(named)));
        }
        return number;
    }

    private Line line(int[] function, int number) throws MalformedInputException {
        String name = names.get(function[0]);
        String systemName = names.get(function[1]);
        String file = names.get(function[2]);
        charge((long) name.length() + systemName.length() + file.length());
        return new Line(name, systemName, file, number);
    }

    /// Adds to [#lines] what a line says: an index into the table of functions, and a number.
    private void readLine(WireReader line) throws MalformedInputException {
        int function = 0;
        long number = 0;
        while (line.next()) {
            switch (line.field()) {
                case 1 ->
                        function =
                                nullable(
                                        line.varint("function_index"),
                                        functionTable,
                                        "function_index");
                case 2 -> number = line.varint("line");
                default -> line.skip();
            }
        }
        if (number < 0 || number > Integer.MAX_VALUE) {
            throw Refusal.of("line", number, "0.." + Integer.MAX_VALUE);
        }
        lines.add(function);
        lines.add((int) number);
    }

    /// The number of a function: (name to show, raw name where it differs, file).
    private int function(int index) throws MalformedInputException {
        if (index == 0) {
            return functions.add(0, 0, 0);
        }
        if (functionOfEntry[index] == 0) {
            functionOfEntry[index] = readFunction(index) + 1;
        }
        return functionOfEntry[index] - 1;
    }

    private int readFunction(int index) throws MalformedInputException {
        int name = 0;
        int systemName = 0;
        int file = 0;
        try {
            WireReader function = functionTable.entry(index);
            while (function.next()) {
                switch (function.field()) {
                    case 1 -> name = name(function.varint("name_strindex"), "name_strindex");
                    case 2 ->
                            systemName =
                                    name(
                                            function.varint("system_name_strindex"),
                                            "system_name_strindex");
                    case 3 ->
                            file = name(function.varint("filename_strindex"), "filename_strindex");
                    default -> function.skip();
                }
            }
        } catch (MalformedInputException e) {
            throw functionTable.in(index, e);
        }
        // At least one of the three is set, says OTLP; the best of them is what is shown.
        int shown = name != 0 ? name : systemName != 0 ? systemName : file;
        return functions.add(shown, systemName == shown ? 0 : systemName, file);
    }

    private Mapping mapping(int index) throws MalformedInputException {
        if (index == 0) {
            return Mapping.NONE;
        }
        Mapping mapping = mappingOfEntry[index];
        if (mapping == null) {
            mapping = readMapping(index);
            mappingOfEntry[index] = mapping;
        }
        return mapping;
    }

    private Mapping readMapping(int index) throws MalformedInputException {
        long start = 0;
        long limit = 0;
        long fileOffset = 0;
        int binary = 0;
        attributes.clear();
        try {
            WireReader mapping = mappingTable.entry(index);
            while (mapping.next()) {
                switch (mapping.field()) {
                    case 1 -> start = mapping.varint("memory_start");
                    case 2 -> limit = mapping.varint("memory_limit");
                    case 3 -> fileOffset = mapping.varint("file_offset");
                    case 4 ->
                            binary = name(mapping.varint("filename_strindex"), "filename_strindex");
                    case 5 -> mapping.varints(attributeTaker, "attribute_indices");
                    default -> mapping.skip();
                }
            }
        } catch (MalformedInputException e) {
            throw mappingTable.in(index, e);
        }
        return new Mapping(new AddressRange(start, limit, fileOffset), binary, buildId(), isOwn());
    }

    private boolean isOwn() throws MalformedInputException {
        for (int i = 0; i < attributes.size(); i++) {
            if (attributeKey(attributes.get(i)).equals(AttributeNames.OWN_ADDRESSES)) {
                return attributeValue(attributes.get(i)).text().equals(AttributeNames.TRUE);
            }
        }
        return false;
    }

    private int buildId() throws MalformedInputException {
        for (int i = 0; i < attributes.size(); i++) {
            int index = attributes.get(i);
            if (attributeKey(index).equals(AttributeNames.BUILD_ID)) {
                String buildId = attributeValue(index).text();
                if (!hex(buildId)) {
                    throw attributeTable.in(
                            index, Refusal.of("value", "no build id", BUILD_ID_RULE));
                }
                return names.add(buildId.toLowerCase(Locale.ROOT));
            }
        }
        return 0;
    }

    private static boolean hex(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (text.charAt(i) > 'f' || Character.digit(text.charAt(i), 16) < 0) {
                return false;
            }
        }
        return text.length() % 2 == 0 && text.length() <= BUILD_ID_LENGTH_MAX;
    }

    /// The number of a string as a name, which is cut if it is too long.
    private int name(long index, String field) throws MalformedInputException {
        if (index == 0) {
            return 0;
        }
        int at = Refusal.index(index, stringTable.size(), field);
        if (nameOfString[at] == 0) {
            nameOfString[at] = names.add(readName(at)) + 1;
        }
        return nameOfString[at] - 1;
    }

    private String readName(int index) {
        int bytesMax = limits.get(Limit.NAME_BYTES);
        if (stringTable.length(index) > bytesMax) {
            cutNames++;
        }
        return stringTable.cutText(index, bytesMax);
    }

    private Attribute attribute(int index) throws MalformedInputException {
        if (index == 0) {
            return Attribute.NONE;
        }
        Attribute attribute = attributeOfEntry[index];
        if (attribute == null) {
            try {
                attribute = readAttribute(attributeTable.entry(index));
            } catch (MalformedInputException e) {
                throw attributeTable.in(index, e);
            }
            attributeOfEntry[index] = attribute;
        }
        return attribute;
    }

    private Attribute readAttribute(WireReader attribute) throws MalformedInputException {
        String key = "";
        int valueOffset = 0;
        int valueLength = 0;
        while (attribute.next()) {
            switch (attribute.field()) {
                case 1 ->
                        key =
                                text(
                                        attribute.varint("key_strindex"),
                                        limits.get(Limit.LABEL_NAME_BYTES),
                                        "key_strindex");
                case 2 -> {
                    WireReader value = attribute.message("value");
                    valueOffset = value.offset();
                    valueLength = value.remaining();
                }
                default -> attribute.skip();
            }
        }
        return new Attribute(key, valueOffset, valueLength);
    }

    private static int nullable(long index, EntryTable table, String field)
            throws MalformedInputException {
        return index == 0 ? 0 : Refusal.index(index, table.size(), field);
    }
}
