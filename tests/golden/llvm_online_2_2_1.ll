define internal void @forward(ptr %arena, ptr %table) #0 {
entry:
  %v1 = fdiv double 1.0, 2.0
  %v2 = getelementptr double, ptr %arena, i64 40
  store double %v1, ptr %v2, align 8
  %v3 = load <2 x double>, ptr %arena, align 8
  %v4 = load ptr, ptr %table, align 8
  %v5 = load double, ptr %v4, align 8
  %v6 = insertelement <2 x double> poison, double %v5, i32 0
  %v7 = shufflevector <2 x double> %v6, <2 x double> poison, <2 x i32> zeroinitializer
  %v8 = fmul <2 x double> %v7, %v3
  %v9 = getelementptr double, ptr %arena, i64 2
  %v10 = load <2 x double>, ptr %v9, align 8
  %v11 = getelementptr double, ptr %v4, i64 1
  %v12 = load double, ptr %v11, align 8
  %v13 = insertelement <2 x double> poison, double %v12, i32 0
  %v14 = shufflevector <2 x double> %v13, <2 x double> poison, <2 x i32> zeroinitializer
  %v15 = fmul <2 x double> %v14, %v10
  %v16 = fadd <2 x double> %v8, %v15
  %v17 = getelementptr double, ptr %arena, i64 8
  %v18 = load <2 x double>, ptr %v17, align 8
  %v19 = fadd <2 x double> %v16, %v18
  %v20 = call <2 x double> @llvm.fabs.v2f64(<2 x double> %v19)
  %v21 = fneg <2 x double> %v20
  %v22 = fcmp olt <2 x double> %v21, splat (double -707.5)
  %v23 = select <2 x i1> %v22, <2 x double> splat (double -707.5), <2 x double> %v21
  %v24 = call <2 x double> @llvm.fmuladd.v2f64(<2 x double> %v23, <2 x double> splat (double 1.4426950408889634), <2 x double> splat (double 6755399441055744.0))
  %v25 = fsub <2 x double> %v24, splat (double 6755399441055744.0)
  %v26 = call <2 x double> @llvm.fmuladd.v2f64(<2 x double> %v25, <2 x double> splat (double -0.6931467056274414), <2 x double> %v23)
  %v27 = call <2 x double> @llvm.fmuladd.v2f64(<2 x double> %v25, <2 x double> splat (double 0xBE9FDF473DE6AF28), <2 x double> %v26)
  %v28 = fmul <2 x double> %v27, %v27
  %v29 = call <2 x double> @llvm.fmuladd.v2f64(<2 x double> splat (double 0.16666666666666669), <2 x double> %v27, <2 x double> splat (double 0.5000000000000001))
  %v30 = call <2 x double> @llvm.fmuladd.v2f64(<2 x double> splat (double 0.008333333333330039), <2 x double> %v27, <2 x double> splat (double 0.041666666666623824))
  %v31 = call <2 x double> @llvm.fmuladd.v2f64(<2 x double> splat (double 0.00019841269863171557), <2 x double> %v27, <2 x double> splat (double 0.0013888888917367081))
  %v32 = call <2 x double> @llvm.fmuladd.v2f64(<2 x double> splat (double 0x3EC71DE0D85293B8), <2 x double> %v27, <2 x double> splat (double 0x3EFA019B8CA26FCF))
  %v33 = call <2 x double> @llvm.fmuladd.v2f64(<2 x double> splat (double 0x3E5AF390BA7E6F47), <2 x double> %v27, <2 x double> splat (double 0x3E92891D4FFBB0F9))
  %v34 = call <2 x double> @llvm.fmuladd.v2f64(<2 x double> %v30, <2 x double> %v28, <2 x double> %v29)
  %v35 = call <2 x double> @llvm.fmuladd.v2f64(<2 x double> %v32, <2 x double> %v28, <2 x double> %v31)
  %v36 = fmul <2 x double> %v28, %v28
  %v37 = call <2 x double> @llvm.fmuladd.v2f64(<2 x double> %v35, <2 x double> %v36, <2 x double> %v34)
  %v38 = fmul <2 x double> %v36, %v36
  %v39 = call <2 x double> @llvm.fmuladd.v2f64(<2 x double> %v33, <2 x double> %v38, <2 x double> %v37)
  %v40 = call <2 x double> @llvm.fmuladd.v2f64(<2 x double> %v28, <2 x double> %v39, <2 x double> %v27)
  %v41 = bitcast <2 x double> %v24 to <2 x i64>
  %v42 = sub <2 x i64> %v41, splat (i64 4843621399236968448)
  %v43 = add <2 x i64> %v42, splat (i64 1023)
  %v44 = shl <2 x i64> %v43, splat (i64 52)
  %v45 = bitcast <2 x i64> %v44 to <2 x double>
  %v46 = call <2 x double> @llvm.fmuladd.v2f64(<2 x double> %v45, <2 x double> %v40, <2 x double> %v45)
  %v47 = select <2 x i1> %v22, <2 x double> splat (double 0.0), <2 x double> %v46
  %v48 = fcmp oge <2 x double> %v19, splat (double 0.0)
  %v49 = select <2 x i1> %v48, <2 x double> splat (double 1.0), <2 x double> %v47
  %v50 = fadd <2 x double> splat (double 1.0), %v47
  %v51 = fdiv <2 x double> %v49, %v50
  %v52 = fsub <2 x double> splat (double 1.0), %v51
  %v53 = fmul <2 x double> %v51, %v52
  %v54 = getelementptr double, ptr %arena, i64 48
  store <2 x double> %v51, ptr %v54, align 8
  %v55 = getelementptr double, ptr %arena, i64 72
  store <2 x double> %v53, ptr %v55, align 8
  %v56 = getelementptr double, ptr %arena, i64 16
  %v57 = load double, ptr %v56, align 8
  %v58 = load double, ptr %v54, align 8
  %v59 = fmul double %v58, %v57
  %v60 = getelementptr double, ptr %v56, i64 1
  %v61 = load double, ptr %v60, align 8
  %v62 = getelementptr double, ptr %v54, i64 1
  %v63 = load double, ptr %v62, align 8
  %v64 = fmul double %v63, %v61
  %v65 = fadd double %v59, %v64
  %v66 = getelementptr double, ptr %arena, i64 24
  %v67 = load double, ptr %v66, align 8
  %v68 = fadd double %v65, %v67
  %v69 = call double @llvm.fabs.f64(double %v68)
  %v70 = fneg double %v69
  %v71 = fcmp olt double %v70, -707.5
  %v72 = select i1 %v71, double -707.5, double %v70
  %v73 = call double @llvm.fmuladd.f64(double %v72, double 1.4426950408889634, double 6755399441055744.0)
  %v74 = fsub double %v73, 6755399441055744.0
  %v75 = call double @llvm.fmuladd.f64(double %v74, double -0.6931467056274414, double %v72)
  %v76 = call double @llvm.fmuladd.f64(double %v74, double 0xBE9FDF473DE6AF28, double %v75)
  %v77 = fmul double %v76, %v76
  %v78 = call double @llvm.fmuladd.f64(double 0.16666666666666669, double %v76, double 0.5000000000000001)
  %v79 = call double @llvm.fmuladd.f64(double 0.008333333333330039, double %v76, double 0.041666666666623824)
  %v80 = call double @llvm.fmuladd.f64(double 0.00019841269863171557, double %v76, double 0.0013888888917367081)
  %v81 = call double @llvm.fmuladd.f64(double 0x3EC71DE0D85293B8, double %v76, double 0x3EFA019B8CA26FCF)
  %v82 = call double @llvm.fmuladd.f64(double 0x3E5AF390BA7E6F47, double %v76, double 0x3E92891D4FFBB0F9)
  %v83 = call double @llvm.fmuladd.f64(double %v79, double %v77, double %v78)
  %v84 = call double @llvm.fmuladd.f64(double %v81, double %v77, double %v80)
  %v85 = fmul double %v77, %v77
  %v86 = call double @llvm.fmuladd.f64(double %v84, double %v85, double %v83)
  %v87 = fmul double %v85, %v85
  %v88 = call double @llvm.fmuladd.f64(double %v82, double %v87, double %v86)
  %v89 = call double @llvm.fmuladd.f64(double %v77, double %v88, double %v76)
  %v90 = bitcast double %v73 to i64
  %v91 = sub i64 %v90, 4843621399236968448
  %v92 = add i64 %v91, 1023
  %v93 = shl i64 %v92, 52
  %v94 = bitcast i64 %v93 to double
  %v95 = call double @llvm.fmuladd.f64(double %v94, double %v89, double %v94)
  %v96 = select i1 %v71, double 0.0, double %v95
  %v97 = fcmp oge double %v68, 0.0
  %v98 = select i1 %v97, double 1.0, double %v96
  %v99 = fadd double 1.0, %v96
  %v100 = fdiv double %v98, %v99
  %v101 = getelementptr ptr, ptr %table, i64 1
  %v102 = load ptr, ptr %v101, align 8
  %v103 = load double, ptr %v102, align 8
  %v104 = fsub double %v103, %v100
  %v105 = fmul double 2.0, 0.5
  %v106 = fmul double %v105, %v104
  %v107 = fneg double %v106
  %v108 = fsub double 1.0, %v100
  %v109 = fmul double %v100, %v108
  %v110 = fmul double %v107, %v109
  %v111 = getelementptr double, ptr %arena, i64 32
  %v112 = load double, ptr %v111, align 8
  %v113 = fmul double %v112, %v110
  %v114 = fneg double %v112
  %v115 = call double @llvm.fmuladd.f64(double %v114, double %v110, double %v67)
  %v116 = getelementptr double, ptr %arena, i64 56
  store double %v104, ptr %v116, align 8
  %v117 = getelementptr double, ptr %arena, i64 64
  store double %v110, ptr %v117, align 8
  %v118 = getelementptr double, ptr %arena, i64 96
  store double %v115, ptr %v118, align 8
  %v119 = load double, ptr %v116, align 8
  %v120 = fmul double %v119, %v119
  %v121 = call double @llvm.fmuladd.f64(double %v119, double %v119, double 0.0)
  %v122 = load double, ptr %v2, align 8
  %v123 = fmul double %v122, %v121
  %v124 = getelementptr double, ptr %arena, i64 88
  store double %v123, ptr %v124, align 8
  ret void
}
define internal void @update(ptr %arena, ptr %table) #0 {
entry:
  %v1 = getelementptr double, ptr %arena, i64 16
  %v2 = load <2 x double>, ptr %v1, align 8
  %v3 = getelementptr double, ptr %arena, i64 64
  %v4 = load double, ptr %v3, align 8
  %v5 = insertelement <2 x double> poison, double %v4, i32 0
  %v6 = shufflevector <2 x double> %v5, <2 x double> poison, <2 x i32> zeroinitializer
  %v7 = fmul <2 x double> %v6, %v2
  %v8 = getelementptr double, ptr %arena, i64 72
  %v9 = load <2 x double>, ptr %v8, align 8
  %v10 = fmul <2 x double> %v7, %v9
  %v11 = getelementptr double, ptr %arena, i64 32
  %v12 = load double, ptr %v11, align 8
  %v13 = insertelement <2 x double> poison, double %v12, i32 0
  %v14 = shufflevector <2 x double> %v13, <2 x double> poison, <2 x i32> zeroinitializer
  %v15 = fmul <2 x double> %v14, %v10
  %v16 = getelementptr double, ptr %arena, i64 8
  %v17 = load <2 x double>, ptr %v16, align 8
  %v18 = fneg double %v12
  %v19 = insertelement <2 x double> poison, double %v18, i32 0
  %v20 = shufflevector <2 x double> %v19, <2 x double> poison, <2 x i32> zeroinitializer
  %v21 = call <2 x double> @llvm.fmuladd.v2f64(<2 x double> %v20, <2 x double> %v10, <2 x double> %v17)
  %v22 = getelementptr double, ptr %arena, i64 80
  store <2 x double> %v10, ptr %v22, align 8
  store <2 x double> %v21, ptr %v16, align 8
  %v23 = getelementptr double, ptr %arena, i64 96
  %v24 = load double, ptr %v23, align 8
  %v25 = getelementptr double, ptr %arena, i64 24
  store double %v24, ptr %v25, align 8
  %v26 = load double, ptr %v11, align 8
  %v27 = load <2 x double>, ptr %v22, align 8
  %v28 = insertelement <2 x double> poison, double %v26, i32 0
  %v29 = shufflevector <2 x double> %v28, <2 x double> poison, <2 x i32> zeroinitializer
  %v30 = fmul <2 x double> %v29, %v27
  %v31 = load ptr, ptr %table, align 8
  %v32 = load double, ptr %v31, align 8
  %v33 = insertelement <2 x double> poison, double %v32, i32 0
  %v34 = shufflevector <2 x double> %v33, <2 x double> poison, <2 x i32> zeroinitializer
  %v35 = fmul <2 x double> %v30, %v34
  %v36 = load <2 x double>, ptr %arena, align 8
  %v37 = fneg <2 x double> %v30
  %v38 = call <2 x double> @llvm.fmuladd.v2f64(<2 x double> %v37, <2 x double> %v34, <2 x double> %v36)
  %v39 = getelementptr double, ptr %v31, i64 1
  %v40 = load double, ptr %v39, align 8
  %v41 = insertelement <2 x double> poison, double %v40, i32 0
  %v42 = shufflevector <2 x double> %v41, <2 x double> poison, <2 x i32> zeroinitializer
  %v43 = fmul <2 x double> %v30, %v42
  %v44 = getelementptr double, ptr %arena, i64 2
  %v45 = load <2 x double>, ptr %v44, align 8
  %v46 = call <2 x double> @llvm.fmuladd.v2f64(<2 x double> %v37, <2 x double> %v42, <2 x double> %v45)
  store <2 x double> %v38, ptr %arena, align 8
  store <2 x double> %v46, ptr %v44, align 8
  %v47 = load double, ptr %v11, align 8
  %v48 = load double, ptr %v3, align 8
  %v49 = fmul double %v47, %v48
  %v50 = getelementptr double, ptr %arena, i64 48
  %v51 = load <2 x double>, ptr %v50, align 8
  %v52 = insertelement <2 x double> poison, double %v49, i32 0
  %v53 = shufflevector <2 x double> %v52, <2 x double> poison, <2 x i32> zeroinitializer
  %v54 = fmul <2 x double> %v53, %v51
  %v55 = load <2 x double>, ptr %v1, align 8
  %v56 = fneg double %v49
  %v57 = insertelement <2 x double> poison, double %v56, i32 0
  %v58 = shufflevector <2 x double> %v57, <2 x double> poison, <2 x i32> zeroinitializer
  %v59 = call <2 x double> @llvm.fmuladd.v2f64(<2 x double> %v58, <2 x double> %v51, <2 x double> %v55)
  store <2 x double> %v59, ptr %v1, align 8
  ret void
}
define i64 @run(ptr %arena, ptr %table, ptr %examples, ptr %order, i64 %total, i64 %batch, i64 %rounded, ptr %scalars, ptr %errors) #0 {
entry:
  %mode = alloca i32
  %mode.new = alloca i32
  call void @llvm.x86.sse.stmxcsr(ptr %mode)
  %mode.old = load i32, ptr %mode
  %mode.set = or i32 %mode.old, 32832
  store i32 %mode.set, ptr %mode.new
  call void @llvm.x86.sse.ldmxcsr(ptr %mode.new)
  %v1 = add i64 %batch, -1
  %v2 = add i64 %total, %v1
  %v3 = udiv i64 %v2, %batch
  %v8 = load ptr, ptr %scalars, align 8
  %v12 = load ptr, ptr %examples, align 8
  %v17 = getelementptr ptr, ptr %examples, i64 1
  %v18 = load ptr, ptr %v17, align 8
  %v20 = getelementptr ptr, ptr %table, i64 1
  br label %loop1
loop1:
  %v4 = phi i64 [ 0, %entry ], [ %nextloop1, %on2 ]
  %v5 = mul i64 %v4, %batch
  %v6 = sub i64 %total, %v5
  %v7 = call i64 @llvm.smin.i64(i64 %batch, i64 %v6)
  %v9 = getelementptr double, ptr %v8, i64 %v4
  %v10 = load double, ptr %v9, align 8
  %v11 = getelementptr i8, ptr %arena, i64 256
  store double %v10, ptr %v11, align 8
  %v13 = getelementptr i64, ptr %order, i64 %v4
  %v14 = load i64, ptr %v13, align 8
  %v15 = mul i64 %v14, 2
  %v16 = getelementptr double, ptr %v12, i64 %v15
  store ptr %v16, ptr %table
  %v19 = getelementptr double, ptr %v18, i64 %v14
  store ptr %v19, ptr %v20
  call void @forward(ptr %arena, ptr %table)
  %v21 = getelementptr i8, ptr %arena, i64 704
  %v22 = load double, ptr %v21, align 8
  %v23 = getelementptr double, ptr %errors, i64 %v4
  store double %v22, ptr %v23, align 8
  %v24 = call double @llvm.fabs.f64(double %v22)
  %v25 = fcmp olt double %v24, 0x7FF0000000000000
  br i1 %v25, label %on2, label %off2
off2:
  call void @llvm.x86.sse.ldmxcsr(ptr %mode)
  ret i64 %v4
on2:
  call void @update(ptr %arena, ptr %table)
  %nextloop1 = add i64 %v4, 1
  %againloop1 = icmp slt i64 %nextloop1, %v3
  br i1 %againloop1, label %loop1, label %endloop1
endloop1:
  call void @llvm.x86.sse.ldmxcsr(ptr %mode)
  ret i64 %v3
}
declare <2 x double> @llvm.fabs.v2f64(<2 x double>)
declare <2 x double> @llvm.fmuladd.v2f64(<2 x double>, <2 x double>, <2 x double>)
declare double @llvm.fabs.f64(double)
declare double @llvm.fmuladd.f64(double, double, double)
declare i64 @llvm.smin.i64(i64, i64)
declare void @llvm.x86.sse.stmxcsr(ptr)
declare void @llvm.x86.sse.ldmxcsr(ptr)
attributes #0 = { nounwind "prefer-vector-width"="256" "min-legal-vector-width"="256" }
